import { MARK_ANY, MARK_ONE, MARK_STATUS, quoteWord, TokenKind } from "./lexer";
import { Join, parseLine } from "./parser";
import { commonPrefix, wordToComplete } from "./partial";

/** The words of all commands as "a|b ; c". */
function words(line: string): string {
  const parsed = parseLine(line);
  if (parsed.error != "") return "error: " + parsed.error;
  const commands: string[] = [];
  for (let i = 0; i < parsed.commands.length; i++) commands.push(parsed.commands[i].words.join("|"));
  return commands.join(" ; ");
}

describe("words", () => {
  it("end at blanks and operators", () => {
    expect(words("  ls\t-l   /mnt ")).toBe("ls|-l|/mnt");
    expect(words("a;b&&c||d")).toBe("a ; b ; c ; d");
    expect(words("")).toBe("");
    expect(words("  # only a comment")).toBe("");
    expect(words("echo a#b # c ; d")).toBe("echo|a#b");
    expect(words("a\nb\n")).toBe("a ; b");
  });

  it("keep what is quoted together", () => {
    expect(words(`echo 'a  "b' c`)).toBe(`echo|a  "b|c`);
    expect(words(`echo "a 'b' \\" \\\\ \\n"`)).toBe(`echo|a 'b' " \\ \\n`);
    expect(words(`x'y'"z"\\ w`)).toBe("xyz w");
    expect(words(`'' ""`)).toBe("|");
    expect(words("a\\;b \\# '#'")).toBe("a;b|#|#");
  });

  it("carry marks for what is expanded later, but not when quoted", () => {
    const any = String.fromCharCode(MARK_ANY);
    const one = String.fromCharCode(MARK_ONE);
    const status = String.fromCharCode(MARK_STATUS);
    expect(words("*.t?r")).toBe(any + ".t" + one + "r");
    expect(words(`'*' "?" \\*`)).toBe("*|?|*");
    expect(words(`$? "$?" '$?' $x`)).toBe(status + "|" + status + "|$?|$x");
  });

  it("survive quoteWord", () => {
    const odd = "a b'c\"d\\e*?$;&|<>#~`\xc3\xa9";
    expect(words(quoteWord(odd))).toBe(odd);
    expect(quoteWord("/mnt/busy-box_1.tar")).toBe("/mnt/busy-box_1.tar");
  });

  it("that cannot be understood are errors", () => {
    expect(words("echo 'a")).toBe("error: a ' is not closed");
    expect(words('echo "a')).toBe('error: a " is not closed');
    expect(words("echo a\\")).toBe("error: nothing follows the last \\");
    expect(words("a | b")).toBe("error: pipes are not supported");
    expect(words("a &")).toBe("error: `&` is not supported: commands run one after another");
  });
});

describe("commands", () => {
  it("know how they are joined", () => {
    const parsed = parseLine("a && b || c; d");
    expect(parsed.commands.length).toBe(4);
    expect(<i32>parsed.commands[0].join).toBe(Join.Always);
    expect(<i32>parsed.commands[1].join).toBe(Join.OnSuccess);
    expect(<i32>parsed.commands[2].join).toBe(Join.OnFailure);
    expect(<i32>parsed.commands[3].join).toBe(Join.Always);
  });

  it("need something on both sides of && and ||", () => {
    expect(words("&& a")).toBe("error: a command must stand before `&&`");
    expect(words("a && ; b")).toBe("error: a command must follow `&&`");
    expect(words("a ||")).toBe("error: a command must follow `||`");
    expect(words("; ; a")).toBe("a");
  });

  it("take redirections out of the words", () => {
    const command = parseLine("cat <in >out a 2>>'err or' 0").commands[0];
    expect(command.words.join("|")).toBe("cat|a|0");
    expect(command.redirections.length).toBe(3);
    expect(<i32>command.redirections[0].kind).toBe(TokenKind.Input);
    expect(command.redirections[0].target).toBe("in");
    expect(<i32>command.redirections[1].kind).toBe(TokenKind.Output);
    expect(command.redirections[1].descriptor).toBe(1);
    expect(<i32>command.redirections[2].kind).toBe(TokenKind.Append);
    expect(command.redirections[2].descriptor).toBe(2);
    expect(command.redirections[2].target).toBe("err or");
    expect(words("a >")).toBe("error: a file name must follow `>`");
    expect(words("a > ; b")).toBe("error: a file name must follow `>`");
    expect(words("echo 12>x")).toBe("echo|12");
  });
});

describe("completion", () => {
  it("sees the word before the cursor", () => {
    const word = wordToComplete("oci start c1 more", 12);
    expect(word.text).toBe("c1");
    expect(word.words.join("|")).toBe("oci|start");
    expect(wordToComplete("ls; cat fi", 10).words.join("|")).toBe("cat");
    expect(wordToComplete("ls ", 3).text).toBe("");
    expect(wordToComplete("cat a\\ b", 8).text).toBe("a b");
    expect(wordToComplete("cat 'a b", 8).quote).toBe("'");
    expect(wordToComplete("cat 'a b", 8).text).toBe("a b");
    expect(wordToComplete("cat >ou", 7).text).toBe("ou");
  });

  it("adds what the candidates share", () => {
    expect(commonPrefix(["busybox", "busybox.tar", "bus"])).toBe("bus");
    expect(commonPrefix(["one"])).toBe("one");
    expect(commonPrefix(["a", "b"])).toBe("");
    // e acute and e grave share their first byte, which is no character
    expect(commonPrefix(["x\xc3\xa9", "x\xc3\xa8"])).toBe("x");
  });
});
