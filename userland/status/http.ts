// HTTP/1.1 as the status page needs it (RFC 9110, RFC 9112): requests without a body, taken apart, and answers to them. Pure; texts are byte strings.

/** Longest request. */
export const REQUEST_MAX: i32 = 8192;

export class Request {
  constructor(
    /** 200, or the status that refuses the request. */
    public status: i32,
    public path: string,
    /** Only the answer's head is wanted. */
    public isHead: bool,
    /** The connection stays open for another request. */
    public keeps: bool,
    /** How many bytes of the input it was. */
    public length: i32,
  ) {}
}

function refuse(status: i32, length: i32): Request {
  return new Request(status, "", false, false, length);
}

/** The value of the field called `name` (lower case) in the lines of a head; "" when there is none. */
function header(head: string[], name: string): string {
  for (let i = 1; i < head.length; i++) {
    const colon = head[i].indexOf(":");
    if (colon > 0 && head[i].substring(0, colon).toLowerCase() == name) return head[i].substring(colon + 1).trim();
  }
  return "";
}

/** The request that `input` begins with; null while it is not whole. */
export function parseRequest(input: string): Request | null {
  const end = input.indexOf("\r\n\r\n");
  if (end < 0) return input.length > REQUEST_MAX ? refuse(431, input.length) : null;
  const length = end + 4;
  if (length > REQUEST_MAX) return refuse(431, length);
  const head = input.substring(0, end).split("\r\n");
  const words = head[0].split(" ");
  if (words.length != 3 || words[1].length == 0) return refuse(400, length);
  const isOld = words[2] == "HTTP/1.0";
  if (!isOld && words[2] != "HTTP/1.1") return refuse(words[2].startsWith("HTTP/") ? 505 : 400, length);
  if (!isOld && header(head, "host") == "") return refuse(400, length);
  const body = header(head, "content-length");
  if ((body != "" && body != "0") || header(head, "transfer-encoding") != "") return refuse(413, length);
  if (words[0] != "GET" && words[0] != "HEAD") return refuse(405, length);
  const connection = header(head, "connection").toLowerCase();
  const keeps = isOld ? connection == "keep-alive" : connection != "close";
  const question = words[1].indexOf("?");
  return new Request(200, question < 0 ? words[1] : words[1].substring(0, question), words[0] == "HEAD", keeps, length);
}

function reason(status: i32): string {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Bad Request";
  }
}

/** The bytes that answer `request` with `status` and `content`. */
export function response(request: Request, status: i32, type: string, content: string): string {
  let text = `HTTP/1.1 ${status} ${reason(status)}\r\nContent-Type: ${type}\r\nContent-Length: ${content.length}\r\n`;
  if (status == 405) text += "Allow: GET, HEAD\r\n";
  text += request.keeps ? "Cache-Control: no-store\r\n" : "Cache-Control: no-store\r\nConnection: close\r\n";
  return text + "\r\n" + (request.isHead ? "" : content);
}

/** The answer to a request that has been refused, or whose path there is not. */
export function errorResponse(request: Request, status: i32): string {
  return response(request, status, "text/plain; charset=utf-8", `${status} ${reason(status)}\n`);
}

/** `text` in HTML. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** `text` as a JSON string. */
export function jsonString(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c == 0x22 || c == 0x5c) out += "\\" + text.charAt(i);
    else if (c < 0x20) out += "\\u" + c.toString(16).padStart(4, "0");
    else out += text.charAt(i);
  }
  return out + '"';
}
