// GET / says hello, GET /big is 5 MB, POST /echo sends back what comes in, POST /hash its SHA-256; SIGTERM ends the server.
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import { pipeline } from "node:stream/promises";

const big = randomBytes(5_000_000);
console.log(`big ${createHash("sha256").update(big).digest("hex")}`);

const routes = {
  "GET /": (_, response) => response.end("hello from Node.js\n"),
  "GET /big": (_, response) => response.end(big),
  "POST /echo": (request, response) => pipeline(request, response),
  "POST /hash": async (request, response) => {
    const hash = createHash("sha256");
    await pipeline(request, hash);
    response.setHeader("content-type", "application/json").end(JSON.stringify({ sha256: hash.digest("hex") }));
  },
};

const server = http.createServer((request, response) => {
  const route = routes[`${request.method} ${request.url}`];
  if (route) void route(request, response);
  else response.writeHead(404).end("not found\n");
});
server.keepAliveTimeout = 0; // a slow client's connection must not end under its next request
server.listen(3000, () => console.log("ready"));
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
