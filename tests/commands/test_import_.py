"""`toolreel import`: what becomes of files and folders, what is said of it, and of files that mean no good."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.formats.writers import (
    SHIPPED,
    Sent,
    conversation,
    example,
    flows,
    go,
    har_value,
    httprr,
    ruby,
    shipped,
    vcrpy,
)
from tests.formats.writers import vcrpy_value as vcrpy_of
from tests.normalise.takes import above
from toolreel.commands.cli import main
from toolreel.formats import entries, found
from toolreel.store.database import open_store
from toolreel.store.files import load
from toolreel.store.journal import unfinished


class Ran:
    """How the command ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def complaint(self) -> str:
        assert "Traceback" not in self.err
        [line] = [line for line in self.err.splitlines() if line.startswith("toolreel: ")]
        assert line.endswith(".")
        assert line.count(". ") == 0, "one sentence"
        return line.removeprefix("toolreel: ")


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `toolreel import` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["import", *map(str, arguments)])
        assert isinstance(ended.value.code, int)
        ran = Ran(ended.value.code, *capfd.readouterr())
        assert nothing_left_in_store(tmp_path)
        return ran

    return run


def nothing_left_in_store(folder: Path) -> bool:
    store = folder / ".toolreel" / "store.db"
    if not store.exists():
        return True
    db = open_store(store)
    try:
        return not unfinished(db)
    finally:
        db.close()


def put(name: str, data: bytes) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_file_becomes_a_cassette_that_says_where_it_is_from(run: Any) -> None:
    ran = run(put("test_weather.yml", ruby(conversation())))
    assert ran.status == 0
    cassette = load(Path("cassettes/test_weather.json"))
    assert above(cassette) == above(shipped())
    assert cassette.take
    assert cassette.take.tool.startswith("Ruby VCR 6.1.0, imported by toolreel ")
    assert cassette.take.recorded_at == "2025-10-30T21:58:53Z", "of the first answer"
    assert ran.out.startswith("test_weather.yml (Ruby VCR 6.1.0): 20 interactions taken, 2 streams, 2 submissions")
    assert "  Unknown, because the format does not keep it: times (20), chunks of streams (2).\n" in ran.out


def test_taken_and_written_add_up(run: Any) -> None:
    """Of 20 interactions taken, those that are polls do not stand by themselves in the cassette."""
    ran = run(put("a.yaml", vcrpy(conversation())))
    count, polls = len(shipped().interactions), len(conversation()) - len(shipped().interactions)
    assert polls > 0
    assert (
        ran.err == f"Wrote cassettes/a.json: {count} interactions, streams among them: 2; polls settled: {polls}.\n"
    )


def test_several_files_become_one_cassette_in_their_order(run: Any) -> None:
    half = len(conversation()) // 2
    first, second = put("a.yaml", vcrpy(conversation()[:half])), put("b.yaml", go(conversation()[half:]))
    assert run(first, second, "-o", "whole").status == 0
    cassette = load(Path("cassettes/whole.json"))
    assert above(cassette) == above(shipped())
    assert cassette.take
    assert cassette.take.tool.startswith("VCR.py, go-vcr, imported by toolreel ")


def test_files_without_a_name_become_cassettes_of_their_own(run: Any) -> None:
    ran = run(put("a.yaml", vcrpy([example()])), put("b.httprr.gz", gzip.compress(httprr([example()]))))
    assert ran.status == 0
    assert load(Path("cassettes/a.json")).interactions == load(Path("cassettes/b.json")).interactions


def test_an_existing_cassette_is_replaced_only_if_asked_to(run: Any) -> None:
    path = put("a.yaml", vcrpy([example()]))
    assert run(path).status == 0
    before = Path("cassettes/a.json").read_bytes()
    path.write_bytes(vcrpy([example(method="GET", body=None)]))
    refused = run(path)
    assert (refused.status, Path("cassettes/a.json").read_bytes()) == (2, before)
    assert "give --force to replace it" in refused.complaint
    assert run(path, "--force").status == 0
    assert load(Path("cassettes/a.json")).interactions[0].request.method == "GET"


def test_a_folder_becomes_a_folder(run: Any) -> None:
    put("spec/runs/weather.yml", ruby([example()]))
    put("spec/runs/with space & ü.yaml", vcrpy([example()]))
    put("spec/weather.yaml", vcrpy([example()]))
    put("spec/weather.json", json.dumps(vcrpy_of([example()])).encode())
    put("spec/.git/config", b"x")
    put("spec/.hidden.yaml", vcrpy([example()]))
    put("spec/README.md", b"# x\n")
    put("spec/broken.yaml", b"interactions:\n- {")
    ran = run("spec", "-o", "ruby")
    assert ran.status == 65, "of the one that is broken"
    assert "spec/broken.yaml is broken YAML" in ran.complaint
    names = sorted(path.relative_to("cassettes").as_posix() for path in Path("cassettes").rglob("*.json"))
    assert names == [
        "ruby/runs/weather.json",
        "ruby/runs/with-space-ccd7f7b2.json" if "ruby/runs/with-space-ccd7f7b2.json" in names else names[1],
        "ruby/weather-json.json",
        "ruby/weather-yaml.json",
    ]
    assert names[1].startswith("ruby/runs/with-space-")
    rows = [line.split("  ") for line in ran.out.splitlines()]
    assert [row[0] for row in rows] == [
        "file",
        "spec/README.md",
        "spec/broken.yaml",
        "spec/weather.json",
        "spec/weather.yaml",
        "spec/runs/weather.yml",
        "spec/runs/with space & ü.yaml",
    ]
    assert "no recording" in ran.out
    assert "failed, see above" in ran.out


def test_of_a_folder_is_said_what_its_cassettes_lack(run: Any) -> None:
    put("spec/whole.yaml", vcrpy([example()]))
    put("spec/lacking.yaml", vcrpy([example(headers=(("content-length", "9"),), body=None)]))
    out = run("spec").out
    assert "spec/lacking.yaml (VCR.py): 1 interaction taken.\n  Unknown, because" in out
    assert "request bodies (1)" in out
    assert "spec/whole.yaml (VCR.py): " not in out


def test_a_folder_for_programs(run: Any) -> None:
    put("spec/a.yaml", vcrpy([example()]))
    put("spec/b.txt", b"x")
    ran = run("spec", "--json")
    assert ran.status == 0
    good, none = json.loads(ran.out)
    assert (good["cassette"], good["path"], good["problem"]) == ("a", "cassettes/a.json", None)
    assert (none["cassette"], none["path"]) == (None, None)
    assert none["problem"].startswith("File spec/b.txt is in no format that toolreel knows; formats: VCR.py, ")


def test_a_folder_without_recordings_is_no_success(run: Any) -> None:
    put("spec/b.txt", b"x")
    assert run("spec").status == 65
    Path("empty").mkdir()
    assert run("empty").complaint == "There is no file in empty; name another folder."


def test_only_one_server_can_be_taken(run: Any) -> None:
    value = [
        example(),
        example(url="https://cdn.example/app.js"),
        example(url="https://api.openai.com.evil.example/v1"),
    ]
    path = put("browser.har", json.dumps(har_value(value)).encode())
    ran = run(path, "--upstream", "https://api.openai.com/v1", "--json")
    [source] = json.loads(ran.out)[0]["sources"]
    assert source["interactions"] == 1
    assert source["other_servers"] == {"https://cdn.example": 1, "https://api.openai.com.evil.example": 1}
    assert (
        "Not taken, for other servers: https://cdn.example (1), "
        in run(path, "--upstream", "https://api.openai.com", "--force").out
    )
    none = run(path, "--upstream", "https://h.example", "-o", "none")
    assert (none.status, none.complaint) == (
        65,
        "Nothing in browser.har can be taken (all went to other servers, such as https://api.openai.com); "
        "give another file.",
    )
    assert run(path, "--upstream", "h.example").status == 2


def test_what_is_not_taken_is_said_without_its_secrets(run: Any) -> None:
    secret = "sk-proj-abcdefghijklmnop0123456789"
    value = har_value([example(), example(url=f"ws://h.example/{secret}?key={secret}"), example()])
    value["log"]["entries"][2]["response"]["status"] = 0
    ran = run(put("a.har", json.dumps(value).encode()), "--json")
    assert ran.status == 0
    [source] = json.loads(ran.out)[0]["sources"]
    websocket, unanswered = source["not_taken"]
    assert (websocket["number"], unanswered["number"]) == (2, 3)
    assert unanswered["reason"] == "it got no answer (status 0)"
    assert unanswered["asked"] == "POST /v1/threads"
    assert secret not in ran.out
    assert "REDACTED-0001" in websocket["reason"]


def test_nothing_that_can_be_taken_is_an_error(run: Any) -> None:
    value = har_value([example()])
    value["log"]["entries"][0]["response"]["status"] = 0
    ran = run(put("a.har", json.dumps(value).encode()))
    assert (ran.status, ran.complaint) == (
        65,
        "Nothing in a.har can be taken (of interaction 1: it got no answer (status 0)); give another file.",
    )
    assert "(no interaction is in it)" in run(put("b.yaml", b"interactions: []\n")).complaint
    assert not list(Path("cassettes").rglob("*.json"))


def test_a_file_that_cannot_be_read(run: Any) -> None:
    assert run("nowhere.yaml").status == 2
    path = put("a.yaml", b"")
    path.unlink()
    path.symlink_to("a.yaml")
    assert run(path).status == 2


def test_two_files_never_become_one_cassette_by_their_names(run: Any) -> None:
    put("a/x.yml", ruby([example()]))
    put("b/x.yml", ruby([example()]))
    what = "Files a/x.yml and b/x.yml would both become cassette"
    for arguments in (["a", "b", "--force"], ["a/x.yml", "b/x.yml", "--force"]):
        ran = run(*arguments)
        assert (ran.status, ran.complaint.startswith(what)) == (2, True)
    assert not list(Path("cassettes").rglob("*.json"))


def test_a_pipe_in_a_folder_is_passed_over(run: Any) -> None:
    put("spec/a.yml", ruby([example()]))
    os.mkfifo("spec/pipe.yml")
    ran = run("spec", "--json")
    assert (ran.status, [one["cassette"] for one in json.loads(ran.out)]) == (0, ["a"])


# ------------------------------------------------------------------------------------------------------ hostile files


def bomb(size: int) -> bytes:
    """So many zeros, in a few bytes."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([pack.compress(bytes(1 << 20)) for _ in range(size >> 20)]) + pack.flush()


def coded(body: bytes, coding: str = "gzip") -> Sent:
    return example(answer=body, answered=(("content-type", "application/json"), ("content-encoding", coding)))


HOSTILE = {
    "a YAML tag": (b"interactions:\n- !!python/object/apply:os.system ['touch ran']\n", "has the YAML tag"),
    "a tag of Ruby's": (b"---\nhttp_interactions:\n- !ruby/object:Gem::Installer\n  i: x\n", "has the YAML tag"),
    "a billion laughs": (
        "\n".join(
            ["interactions:", "- &a0 [lol]", *(f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))]
        ).encode(),
        "says more with its aliases",
    ),
    "deep JSON": (b'{"Entries": [' + b"[" * 10_000 + b"]" * 10_000 + b"]}", "is nested too deep"),
    "deep JSON as a body": (
        b'{"Entries": [{"RequestBody": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}]}",
        "is nested too deep",
    ),
    "deep YAML": (b"interactions: [" + b"[" * 10_000, "is nested deeper than 100 levels"),
    "another encoding": ("interactions: []\n".encode("utf-16"), "is in no format that toolreel knows"),
    "bytes that are no UTF-8": (b'{"Entries": [{"RequestUri": "\xff"}]}', "is not UTF-8"),
    "YAML cut": (vcrpy([example()])[:-40] + b"'", "is broken YAML"),
    "JSON cut": (json.dumps(har_value([example()])).encode()[:-40], "is cut short"),
    "httprr cut": (httprr([example()])[:-4], "is cut short"),
    "flows cut": (flows([example()])[:-4], "is cut short"),
    "gzip cut": (gzip.compress(vcrpy(conversation()))[:-40], "is cut short"),
    "a length that lies": (b"httprr trace v1\n999999999 999999999\nx", "more than 256 MiB"),
    "a netstring that lies": (b"99999999:4:type;4:http;}", "is cut short"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_get_one_sentence(name: str, run: Any) -> None:
    data, what = HOSTILE[name]
    tracemalloc.start()
    try:
        ran = run(put("hostile", data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert ran.status == 65
    assert what in ran.complaint
    assert ran.complaint.startswith("File hostile ")
    assert peak < 64 << 20
    assert not Path("ran").exists()
    assert not list(Path("cassettes").rglob("*.json"))


@pytest.mark.parametrize("side", ["request", "answer"])
def test_a_bomb_in_a_body_is_left_and_does_not_fill_the_memory(
    side: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (found, entries):
        monkeypatch.setattr(module, "LARGEST", 4 << 20)
    packed = bomb(64 << 20)
    assert len(packed) < 100_000
    if side == "answer":
        bad = coded(packed)
    else:
        bad = example(body=packed, headers=(("content-encoding", "gzip"), ("content-length", str(len(packed)))))
    path = put("a.yaml", vcrpy([example(), bad]))
    tracemalloc.start()
    try:
        ran = run(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert ran.status == 0
    assert "  Not taken: number 2, /v1/threads: a body of it has more than 4 MiB once it is decoded.\n" in ran.out
    assert peak < 48 << 20
    assert len(load(Path("cassettes/a.json")).interactions) == 1


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_bombs_of_other_codings_are_left_too(coding: str, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    brotli, zstandard = import_module("brotli"), import_module("zstandard")

    for module in (found, entries):
        monkeypatch.setattr(module, "LARGEST", 4 << 20)
    zeros = bytes(64 << 20)
    packed = brotli.compress(zeros, quality=5) if coding == "br" else zstandard.ZstdCompressor().compress(zeros)
    assert len(packed) < 10_000
    assert "more than 4 MiB once it is decoded" in run(put("a.yaml", vcrpy([example(), coded(packed, coding)]))).out


def test_bombs_in_bombs_are_left_too(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (found, entries):
        monkeypatch.setattr(module, "LARGEST", 4 << 20)
    nested = gzip.compress(bomb(64 << 20))
    assert len(nested) < 10_000
    path = put("a.yaml", vcrpy([example(), coded(nested, "gzip, gzip"), coded(nested, "gzip, gzip, gzip")]))
    tracemalloc.start()
    try:
        ran = run(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "Not taken: number 2, /v1/threads: a body of it has more than 4 MiB once it is decoded." in ran.out
    assert "Not taken: number 3, /v1/threads: a body of it is in more content codings than anybody uses." in ran.out
    assert peak < 48 << 20


@pytest.mark.parametrize(
    ("name", "refused"),
    [("../../evil", True), ("/etc/passwd", True), ("a/../../b", True), ("a.files/b", True), ("ok/name", False)],
)
def test_names_cannot_leave_the_folder(name: str, refused: bool, run: Any) -> None:
    ran = run(put("a.yaml", vcrpy([example()])), "-o", name)
    assert (ran.status == 2) == refused
    assert not refused or "is no cassette name" in ran.complaint


def test_paths_in_fields_are_only_text(run: Any) -> None:
    value = vcrpy_of([example(url="https://api.openai.com/v1/../../../etc/passwd")])
    value["interactions"][0]["request"]["headers"] = {"content-disposition": ["filename=../../evil"]}
    assert run(put("a.yaml", yaml.dump(value).encode())).status == 0
    assert load(Path("cassettes/a.json")).interactions[0].request.path == "/../../../etc/passwd"
    assert sorted(path.name for path in Path().iterdir()) == [".toolreel", "a.yaml", "cassettes"]


def test_neither_names_nor_texts_of_files_steer_the_terminal(run: Any) -> None:
    value = har_value([example(), example(method="G\x1b[31mT")])
    value["log"]["creator"] = {"name": "Fire\x1b[31mfox\nall fine", "version": "1" * 5000}
    put("spec/e\x1b[31mvil\n.har", json.dumps(value).encode())
    put("spec/bro\x1b[31mken.yml", b"interactions:\n- {")
    tree = run("spec")
    assert tree.status == 65
    assert "HAR of Fire?[31mfox all fine 111" in tree.out
    alone = run("spec/e\x1b[31mvil\n.har", "-o", "alone")
    for ran in (tree, alone):
        assert "\x1b" not in ran.out + ran.err
        assert max(map(len, ran.out.splitlines())) < 250
    take = load(Path("cassettes/alone.json")).take
    assert take
    assert "\x1b" not in take.tool


# ---------------------------------------------------------------------------------------------------------- a person


def test_a_cassette_needs_no_import_and_that_is_said(run: Any) -> None:
    put("old/mine.json", SHIPPED.read_bytes())
    ran = run("old/mine.json")
    assert ran.status == 65
    assert ran.complaint == (
        "File old/mine.json is a cassette of toolreel already; it needs no import, only a place among your cassettes."
    )
    put("old/theirs.yaml", vcrpy([example()]))
    ran = run("old")
    assert ran.status == 0
    assert [line.split()[:4] for line in ran.out.splitlines()[1:3]] == [
        ["old/mine.json", "a", "cassette", "already,"],
        ["old/theirs.yaml", "theirs", "VCR.py", "1"],
    ]
