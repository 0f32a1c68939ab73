// talkback as its README starts it, replaying only. node talkback.js PORT TAPES
const net = require("net");
const talkback = require("talkback/es6").default;

// It listens on every interface and has no option for that; here nothing leaves the machine.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, port, "127.0.0.1", ...rest);
};

talkback({
  host: "http://127.0.0.1:9",
  port: Number(process.argv[2]),
  path: process.argv[3],
  record: "DISABLED",
  allowHeaders: ["content-type"],
  silent: true,
  summary: false,
}).start();
