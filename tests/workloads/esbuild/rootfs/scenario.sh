# A tree of 60 modules, bundled to standard output and into files.
set -e
mkdir /src
cd /src
for i in $(seq 0 59); do
  echo "export const v$i: number = $i; export function f$i<T extends object>(x: T): T & { n: number } { return { ...x, n: v$i }; }" > m$i.ts
  echo "import { v$i, f$i } from './m$i';" >> main.ts
done
cat >> main.ts <<'END'
enum Color { Red = 1, Green }
class Point { constructor(public x: number, private y?: number) {} get sum() { return this.x + (this.y ?? Color.Green); } }
END
echo "console.log(new Point(1).sum, f7({ a: 1 })?.a, $(seq -s ' + v' 0 59 | sed 's/^/v/'));" >> main.ts
echo '.a { color: rgb(255, 0, 0); & .b { margin: 0px; } }' > style.css
esbuild main.ts --bundle --minify --target=es2018 --log-level=error
esbuild main.ts style.css --bundle --sourcemap --outdir=/out --log-level=error
sha256sum /out/*
esbuild --version
echo 'let x: = 1' > bad.ts
esbuild bad.ts --color=false 2>&1 || echo "status $?"
GOMAXPROCS=4 esbuild main.ts --bundle --minify --format=esm --log-level=error | sha256sum
