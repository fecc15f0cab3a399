import { errorResponse, escapeHtml, jsonString, parseRequest, Request, REQUEST_MAX, response } from "./http";

function parsed(text: string): Request {
  const request = parseRequest(text);
  assert(request);
  return request!;
}

describe("HTTP requests", () => {
  it("are taken apart", () => {
    const r = parsed("GET /status.json?x=1 HTTP/1.1\r\nHost: a\r\n\r\nGET");
    expect(r.status).toBe(200);
    expect(r.path).toBe("/status.json");
    expect(r.isHead).toBe(false);
    expect(r.keeps).toBe(true);
    expect(r.length).toBe(42);
  });

  it("say whether the connection stays", () => {
    expect(parsed("GET / HTTP/1.1\r\nhost: a\r\nCONNECTION: Close\r\n\r\n").keeps).toBe(false);
    expect(parsed("GET / HTTP/1.0\r\n\r\n").keeps).toBe(false);
    expect(parsed("HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keeps).toBe(true);
  });

  it("are waited for until they are whole", () => {
    const text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (let n = 0; n < text.length; n++) expect(parseRequest(text.substring(0, n))).toBeNull();
    expect(parsed("x".repeat(REQUEST_MAX + 1)).status).toBe(431);
  });

  it("are refused", () => {
    expect(parsed("GET / HTTP/1.1\r\n\r\n").status).toBe(400, "no Host");
    expect(parsed("GET /\r\n\r\n").status).toBe(400, "no version");
    expect(parsed("GET / HTTP/2.0\r\n\r\n").status).toBe(505);
    expect(parsed("POST / HTTP/1.1\r\nHost: a\r\n\r\n").status).toBe(405);
    expect(parsed("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n").status).toBe(413);
    expect(parsed("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").status).toBe(413);
  });
});

describe("HTTP answers", () => {
  it("have a head and a content", () => {
    const r = parsed("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(response(r, 200, "text/plain", "abc")).toBe(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nCache-Control: no-store\r\n\r\nabc",
    );
    const refused = errorResponse(parsed("PUT / HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
    expect(refused.includes("Allow: GET, HEAD\r\n")).toBe(true);
    expect(refused.includes("Connection: close\r\n")).toBe(true);
    expect(refused.endsWith("\r\n\r\n405 Method Not Allowed\n")).toBe(true);
  });

  it("to HEAD have no content", () => {
    expect(
      response(parsed("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), 200, "t", "abc").endsWith(
        "Content-Length: 3\r\nCache-Control: no-store\r\n\r\n",
      ),
    ).toBe(true);
  });

  it("escape what is not theirs", () => {
    expect(escapeHtml('<a href="x">&')).toBe("&lt;a href=&quot;x&quot;&gt;&amp;");
    expect(jsonString('a"\\\n')).toBe('"a\\"\\\\\\u000a"');
  });
});
