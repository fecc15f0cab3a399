// assemblyscript-prettier without the empty line that it puts before a decorator at the start of a block of comments. The plugin hides
// decorators from the TypeScript parser in comments that begin and end with `magic`, and prints them back here.

import plugin from "assemblyscript-prettier";

const printer = plugin.printers["as-estree"];
const magic = /^MAGIC_ASSEMBLYSCRIPT_PRETTIER_\d+([^]*)MAGIC_ASSEMBLYSCRIPT_PRETTIER_\d+$/;

export default {
  ...plugin,
  printers: {
    "as-estree": {
      ...printer,
      printComment(path, options) {
        const decorator = magic.exec(path.node.value);
        return decorator ? decorator[1] : printer.printComment(path, options);
      },
    },
  },
};
