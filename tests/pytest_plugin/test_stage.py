"""Tests on cassettes: they find them, they are judged by them, and nothing of one reaches another."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from tests.wire.tapes import get, make

from .conftest import Project, conversation, ids

# ------------------------------------------------------------------------------------------------ what a test finds


def test_an_unchanged_client_finds_the_cassette_that_has_the_name_of_its_test(project: Project) -> None:
    project.talks("tests/test_it/test_talk", "tests/test_it/TestIt/test_talk")
    project.file(
        "tests/test_it.py",
        """
        from openai import OpenAI

        @pytest.mark.cassette
        def test_talk():
            with OpenAI(max_retries=0) as client:
                threads = client.beta.threads
                thread = threads.create()
                run = threads.runs.create(thread.id, assistant_id="a")
                (call,) = run.required_action.submit_tool_outputs.tool_calls
                outputs = [{"tool_call_id": call.id, "output": "21"}]
                done = threads.runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs)
                assert done.status == "completed"

        class TestIt:
            @pytest.mark.cassette
            def test_talk(self):
                assert converse() == "completed"
        """,
    )
    ran = project.run()
    ran.assert_outcomes(passed=2)
    ran.stdout.fnmatch_lines(["*toolreel*", "2 cassettes: served 6, missed 0, never played 0."])


def test_async_and_azure_clients_find_it_too(project: Project) -> None:
    make(project.cassettes, "model", get("/models/gpt-4o", b'{"id":"gpt-4o"}'))
    project.file(
        "test_it.py",
        """
        import openai

        pytestmark = pytest.mark.cassette("model")

        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_async():
            async with openai.AsyncOpenAI() as client:
                assert (await client.models.retrieve("gpt-4o")).id == "gpt-4o"

        def test_azure():
            with openai.AzureOpenAI() as client:
                assert client.models.retrieve("gpt-4o").id == "gpt-4o"

        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_async_azure():
            async with openai.AsyncAzureOpenAI() as client:
                assert (await client.models.retrieve("gpt-4o")).id == "gpt-4o"
        """,
    )
    project.run().assert_outcomes(passed=3)


def test_a_test_that_takes_the_fixture_sees_its_cassette(project: Project) -> None:
    project.talks("test_it/test_seen")
    project.file(
        "test_it.py",
        """
        from toolreel.pytest_plugin import Cassette

        def test_seen(cassette: Cassette):
            assert isinstance(cassette, Cassette)
            assert (cassette.name, cassette.names) == ("test_it/test_seen", ("test_it/test_seen",))
            assert cassette.base_url == os.environ["OPENAI_BASE_URL"] == cassette.url + "/v1"
            assert cassette.url.endswith(f"/@test_it:test_seen/{cassette.session}")
            assert (cassette.recording, cassette.misses, cassette.served, len(cassette.unplayed)) == (False, [], 0, 3)
            assert converse() == "completed"
            assert (cassette.misses, cassette.served, cassette.unplayed) == ([], 3, [])
        """,
    )
    project.run().assert_outcomes(passed=1)


def test_another_fixture_of_that_name_is_none_of_ours(project: Project) -> None:
    project.file(
        "test_it.py",
        """
        @pytest.fixture
        def cassette():
            return "theirs"

        def test_it(cassette):
            assert cassette == "theirs"
            assert "TOOLREEL_URL" not in os.environ
        """,
    )
    project.run().assert_outcomes(passed=1)


def test_fixtures_and_their_clean_up_are_on_the_cassette_too(project: Project) -> None:
    project.talks("talk")
    project.file(
        "test_it.py",
        """
        @pytest.fixture
        def thread():
            return begin()

        @pytest.fixture
        def running(thread):
            found = run(thread)
            yield found
            submit(found)

        @pytest.mark.cassette("talk")
        def test_it(running):
            assert running["status"] == "requires_action"
        """,
    )
    project.run().assert_outcomes(passed=1)


def test_a_test_leaves_the_environment_as_it_was(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-own")
    project.talks("talk")
    project.file(
        "test_it.py",
        """
        before = dict(os.environ)
        URLS = []

        def look():
            now = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
            assert now == {name: value for name, value in before.items() if name != "PYTEST_CURRENT_TEST"}

        def test_before():
            look()

        @pytest.mark.cassette("talk")
        @pytest.mark.parametrize("number", [1, 2])
        def test_it(number):
            URLS.append(os.environ["OPENAI_BASE_URL"])
            assert os.environ["OPENAI_API_KEY"] == "sk-own"
            converse()

        def test_after():
            look()
            assert len(set(URLS)) == 2, "a session of its own for each"
        """,
    )
    project.run().assert_outcomes(passed=4)


def test_a_unittest_and_a_skipped_test(project: Project) -> None:
    project.talks("talk")
    project.file(
        "test_it.py",
        """
        import unittest

        @pytest.mark.cassette("talk")
        class TestIt(unittest.TestCase):
            def test_talk(self):
                self.assertEqual(converse(), "completed")

        @pytest.mark.cassette("not there")
        @pytest.mark.skip
        def test_skipped(): pass

        @pytest.mark.cassette("talk")
        def test_skips():
            pytest.skip("later")

        @pytest.mark.cassette("talk")
        @pytest.mark.xfail
        def test_fails_as_expected():
            converse("22")
        """,
    )
    project.run().assert_outcomes(passed=1, skipped=2, xfailed=1)


# --------------------------------------------------------------------------------------------------- how it is judged


def test_a_changed_output_fails_its_test_and_the_report_explains_it(project: Project) -> None:
    project.talks("talk")
    project.file(
        "test_it.py",
        """
        @pytest.mark.cassette("talk")
        @pytest.mark.parametrize("output", ["21", "22"])
        def test_it(output):
            assert converse(output) == "completed"
        """,
    )
    ran = project.run()
    ran.assert_outcomes(passed=1, failed=1)
    thread, run, _ = ids(1)
    miss = f"POST /threads/{thread}/runs/{run}/submit_tool_outputs * of cassette talk*"
    ran.stdout.fnmatch_lines(
        [
            "*- toolreel -*",
            "1 request had no answer in cassette talk:",
            f"  no_match: {miss}",
            "*- toolreel -*",
            "1 cassette: served 5, missed 1, never played 0.",
            f"  test_it.py::test_it?22?: missed 1, never played 0: {miss}",
        ]
    )


def test_a_program_that_does_not_mind_a_miss_fails_nevertheless(project: Project) -> None:
    project.talks("talk")
    project.file(
        "test_it.py",
        """
        @pytest.mark.cassette("talk", strict=False)
        def test_it(cassette):
            assert ask("GET", "/models")[0] == 424
            assert [miss.code for miss in cassette.misses] == ["no_match"]

        @pytest.fixture
        def untidy():
            yield
            assert ask("GET", "/models")[0] == 424

        @pytest.mark.cassette("talk", strict=False)
        def test_untidy(untidy): pass
        """,
    )
    ran = project.run()
    ran.assert_outcomes(failed=1, passed=1, errors=1)
    ran.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_untidy*",
            "1 request had no answer in cassette talk:",
            "  no_match: GET /models *",
            "*_ test_it _*",
            "1 request had no answer in cassette talk:",
            "  no_match: GET /models *",
        ]
    )
    assert "Traceback" not in ran.stdout.str()


UNPLAYED = """
@pytest.mark.cassette("two")
def test_nothing(): pass

@pytest.mark.cassette("two")
def test_begun():
    begin()

@pytest.mark.cassette("two")
def test_one_of_two():
    converse()
"""


@pytest.mark.parametrize(
    ("arguments", "settings", "marker", "amiss"),
    [
        ([], "", "", ["nothing", "begun", "one_of_two"]),
        (["--toolreel-strict"], "[tool.toolreel.pytest]\nstrict = false", "", ["nothing", "begun", "one_of_two"]),
        (["--no-toolreel-strict"], "", "", ["begun"]),
        ([], "[tool.toolreel.pytest]\nstrict = false", "", ["begun"]),
        ([], "", ", strict=False", ["begun"]),
        (["--no-toolreel-strict"], "", ", strict=True", ["nothing", "begun", "one_of_two"]),
    ],
)
def test_what_was_never_played_fails_a_test(
    arguments: list[str], settings: str, marker: str, amiss: list[str], project: Project
) -> None:
    make(project.cassettes, "two", *conversation(1), *conversation(2, "22"))
    project.settings(settings)
    project.file("test_it.py", UNPLAYED.replace('("two"', f'("two"{marker}'))
    ran = project.run(*arguments)
    ran.assert_outcomes(passed=3, errors=len(amiss))
    ran.stdout.fnmatch_lines([f"*ERROR at teardown of test_{name}*" for name in amiss])
    if "nothing" not in amiss:
        thread, run, _ = ids(1)
        ran.stdout.fnmatch_lines(
            [
                "Cassette two: not played to the end, nobody asked for",
                f"  interaction 2 of cassette two, POST /threads/{thread}/runs",
                f"  interaction 3 of cassette two, POST /threads/{thread}/runs/{run}/submit_tool_outputs",
            ]
        )


def test_who_fails_for_another_reason_is_not_told_what_was_left_out(project: Project) -> None:
    project.talks("talk")
    project.file("test_it.py", '@pytest.mark.cassette("talk")\ndef test_it():\n    assert False\n')
    ran = project.run()
    ran.assert_outcomes(failed=1)
    assert "not played" not in ran.stdout.str()


def test_a_cassette_that_is_missing_or_broken_is_said_in_one_sentence(project: Project) -> None:
    project.cassettes.mkdir()
    (project.cassettes / "broken.json").write_text("{")
    project.file(
        "test_it.py",
        """
        @pytest.mark.cassette
        def test_missing(): pass

        @pytest.mark.cassette("broken")
        def test_broken(): pass

        @pytest.mark.cassette("../out")
        def test_out(): pass
        """,
    )
    ran = project.run()
    ran.assert_outcomes(errors=3)
    gone = project.cassettes / "test_it" / "test_missing.json"
    ran.stdout.fnmatch_lines(
        [
            f"There is no cassette {gone}; record it with --toolreel-mode=once.",
            f"Cassette {project.cassettes / 'broken.json'}, line 1: not JSON*",
            "'../out' is no cassette name*",
        ]
    )
    assert "Traceback" not in ran.stdout.str()
    assert "another exception" not in ran.stdout.str()


def test_settings_that_are_wrong_are_said(project: Project) -> None:
    project.settings("[tool.toolreel.pytest]\nmode = 'sometimes'\n")
    project.file("test_it.py", "@pytest.mark.cassette\ndef test_it(): pass\n")
    ran = project.run()
    ran.assert_outcomes(errors=1)
    said = "*Settings *pyproject.toml: pytest.mode: input should be 'none', 'once' or 'all'."
    ran.stdout.fnmatch_lines([said])
    project.run("--toolreel-early").stderr.fnmatch_lines([said])
    project.run("--toolreel-orphans", "-k", "nothing").stdout.fnmatch_lines([said])


def test_a_session_that_a_test_closed_itself_is_said(project: Project) -> None:
    project.talks("talk")
    project.file(
        "test_it.py",
        """
        @pytest.mark.cassette("talk")
        def test_it(cassette):
            control = cassette.url.partition("/@")[0]
            assert ask("DELETE", f"/@/sessions/{cassette.session}", base_url=control)[0] == 200
        """,
    )
    ran = project.run()
    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(["There is no open session session-1."])


def test_settings_say_how_to_answer(project: Project) -> None:
    make(project.path / "tapes", "model", get("/models/gpt-4o", b'{"id":"gpt-4o","created":1700000001}'))
    project.settings('[tool.toolreel]\ncassettes = "tapes"\n[tool.toolreel.pytest]\nclock = "now"\n')
    project.file(
        "test_it.py",
        """
        import time

        def created():
            return ask("GET", "/models/gpt-4o")[1]["created"]

        @pytest.mark.cassette("model")
        def test_now():
            assert abs(created() - time.time()) < 100

        @pytest.mark.cassette("model", clock="fixed")
        def test_fixed():
            assert created() == 1700000001
        """,
    )
    project.run().assert_outcomes(passed=2)
    project.settings()
    project.run("--toolreel-cassettes", "tapes", "-k", "fixed").assert_outcomes(passed=1, deselected=1)


# ------------------------------------------------------------------------------------------- shared, early, stale


SHARED = """
@pytest.fixture(scope="{scope}")
def running():
    return run(begin())

class TestIt:
    pytestmark = pytest.mark.cassette({name}scope="{scope}")

    def test_one(self, running, cassette):
        assert cassette.served == 2

    def test_two(self, running, cassette):
        assert cassette.served == 2
        submit(running)
"""


@pytest.mark.parametrize(("scope", "name"), [("class", "test_it/TestIt"), ("module", "test_it")])
def test_the_tests_of_a_class_or_module_may_share_a_session(scope: str, name: str, project: Project) -> None:
    project.talks(name)
    project.file("test_it.py", SHARED.format(scope=scope, name=""))
    project.run().assert_outcomes(passed=2)


def test_a_shared_session_is_judged_when_all_its_tests_have_run(project: Project) -> None:
    make(project.cassettes, "shared", *conversation(1), *conversation(2, "22"))
    project.file("test_it.py", SHARED.format(scope="module", name='"shared", ') + "\ndef test_last(): pass\n")
    ran = project.run()
    ran.assert_outcomes(passed=3, errors=1)
    ran.stdout.fnmatch_lines(["*ERROR at teardown of test_last*", "Cassette shared: not played to the end*"])
    project.run("-k", "test_one").assert_outcomes(passed=1, deselected=2)
    project.run("test_it.py::TestIt::test_one").assert_outcomes(passed=1)
    project.run("--deselect", "test_it.py::TestIt::test_two").assert_outcomes(passed=2, deselected=1)


def test_two_shared_cassettes_of_a_module_stay_open_until_its_end(project: Project) -> None:
    for name in "ab":
        make(project.cassettes, name, *(get(f"/models/{model}", b'{"id":"m"}') for model in "12"))
    project.file(
        "test_it.py",
        """
        def on(name):
            return pytest.mark.cassette(name, scope="module")

        URLS = set()

        @pytest.mark.parametrize("model", [pytest.param(model, marks=on(name)) for model in "12" for name in "ab"])
        def test_it(model):
            assert ask("GET", f"/models/{model}")[0] == 200
            URLS.add(os.environ["TOOLREEL_URL"])
            assert len(URLS) <= 2
        """,
    )
    project.run().assert_outcomes(passed=4)


def test_a_client_that_is_made_on_import_is_led_here_early(project: Project) -> None:
    project.talks("test_it/test_one", "test_it/test_two")
    project.file(
        "test_it.py",
        """
        import openai

        CLIENT = openai.OpenAI()

        def converse():
            threads = CLIENT.beta.threads
            thread = threads.create()
            run = threads.runs.create(thread.id, assistant_id="a")
            (call,) = run.required_action.submit_tool_outputs.tool_calls
            outputs = [{"tool_call_id": call.id, "output": "21"}]
            threads.runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs)

        @pytest.mark.cassette
        def test_one():
            converse()

        @pytest.mark.cassette
        def test_two():
            converse()
            CLIENT.close()
        """,
    )
    project.run().assert_outcomes(errors=1)  # no key, no address: the import fails
    project.run("--toolreel-early").assert_outcomes(passed=2)


def test_a_client_of_a_wider_fixture_is_led_to_the_test_that_runs(project: Project) -> None:
    project.talks("test_it/test_one", "test_it/test_two")
    project.file(
        "test_it.py",
        """
        @pytest.fixture(scope="session")
        def base_url():
            return os.environ["OPENAI_BASE_URL"]

        @pytest.mark.cassette
        def test_one(base_url, monkeypatch):
            monkeypatch.setenv("OPENAI_BASE_URL", base_url)
            assert converse() == "completed"

        @pytest.mark.cassette
        def test_two(base_url, monkeypatch, cassette):
            monkeypatch.setenv("OPENAI_BASE_URL", base_url)
            assert converse() == "completed"
            assert (cassette.served, cassette.name) == (3, "test_it/test_two")
        """,
    )
    project.run().assert_outcomes(passed=1, failed=1)
    project.run("--toolreel-early").assert_outcomes(passed=2)


def test_a_client_of_a_test_that_is_over_is_told_so(project: Project) -> None:
    project.talks("talk")
    project.file(
        "test_it.py",
        """
        @pytest.fixture(scope="session")
        def base_url():
            return os.environ["OPENAI_BASE_URL"]

        @pytest.mark.cassette("talk", strict=False)
        @pytest.mark.parametrize("number", [1, 2])
        def test_it(base_url, number):
            ask("DELETE", "/threads/thread_x", base_url=base_url) if number == 2 else None
        """,
    )
    ran = project.run()
    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines(
        [
            "1 request had no answer in cassette talk:",
            "  no_session: DELETE /v1/threads/thread_x: Session session-1 is not open, its test is over *",
            "A client that outlives the test it was made in needs --toolreel-early.",
            "1 cassette: served 0, missed 1, never played *",
        ]
    )


def test_nothing_is_left_when_the_run_is_over(project: Project) -> None:
    project.talks("talk")
    seen = project.path / "seen.json"
    project.file(
        "test_it.py",
        f"""
        import json, pathlib

        @pytest.mark.cassette("talk")
        def test_it(cassette):
            converse()
            pathlib.Path({str(seen)!r}).write_text(json.dumps(cassette.url))
        """,
    )
    threads = threading.active_count()
    project.run().assert_outcomes(passed=1)
    assert threading.active_count() == threads
    port = int(json.loads(seen.read_text()).split(":")[2].partition("/")[0])
    with socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(("127.0.0.1", port))


def test_what_no_test_needs_is_not_loaded(project: Project) -> None:
    """The plugin is loaded in every test run of an environment that has toolreel."""
    project.talks("talk")
    project.file(
        "test_it.py",
        """
        import sys

        HEAVY = ["pydantic", "uvicorn", "starlette", "rich", "click", "sqlite_utils", "toolreel.replay", "asyncio"]

        def test_without():
            found = [name for name in HEAVY if name in sys.modules]
            assert not found

        @pytest.mark.cassette("talk")
        def test_with():
            converse()
            assert "mitmproxy" not in sys.modules
        """,
    )
    project.run_apart("-p", "no:anyio", "-p", "no:xdist").assert_outcomes(passed=2)


def test_a_test_may_see_faults_that_another_does_not(project: Project) -> None:
    project.talks("talk")
    (project.path / "busy.toml").write_text('[[fault]]\nroute = "POST /threads"\nstatus = 503\n')
    project.file(
        "test_it.py",
        """
        @pytest.mark.cassette("talk")
        def test_good():
            assert converse() == "completed"

        @pytest.mark.cassette("talk", faults="busy.toml", strict=False)
        def test_busy():
            assert ask("POST", "/threads", {})[0] == 503

        @pytest.mark.cassette("talk", faults="gone.toml")
        def test_gone(): pass
        """,
    )
    ran = project.run()
    ran.assert_outcomes(passed=2, errors=1)
    ran.stdout.fnmatch_lines(["--faults *gone.toml cannot be read*"])
