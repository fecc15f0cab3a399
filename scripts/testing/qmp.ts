// A person at a virtual machine, by QEMU's machine protocol (QMP): presses keys and the power button, and looks at the screen.

import net from "node:net";

type Reply = { return?: unknown; error?: { desc: string } };

export class Qmp {
  private text = "";
  private readonly waiting: ((reply: Reply) => void)[] = [];

  private constructor(private readonly socket: net.Socket) {
    socket.setEncoding("utf8").on("data", (piece: string) => {
      const lines = (this.text + piece).split("\n");
      this.text = lines.pop() ?? "";
      for (const line of lines) {
        const message = JSON.parse(line) as Reply;
        if ("return" in message || "error" in message) this.waiting.shift()?.(message);
      }
    });
    socket.on("error", () => {}); // QEMU may end first
  }

  /** Connects to the socket that QEMU was told of with `-qmp unix:FILE,server=on,wait=off`. */
  static async connect(file: string): Promise<Qmp> {
    const socket = net.connect(file);
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    const qmp = new Qmp(socket);
    await qmp.execute("qmp_capabilities");
    return qmp;
  }

  execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push((reply) => (reply.error ? reject(new Error(reply.error.desc)) : resolve(reply.return)));
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  /** Presses one key after the other, by QEMU's names; keys joined by "-" at once. */
  async type(...keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.execute("send-key", { keys: key.split("-").map((one) => ({ type: "qcode", data: one })), "hold-time": 20 });
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }

  /** Writes a picture of the screen. */
  async screenshot(file: string, format: "png" | "ppm"): Promise<void> {
    await this.execute("screendump", { filename: file, format });
  }

  end(): void {
    this.socket.destroy();
  }
}
