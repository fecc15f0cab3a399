# Lints 60 files on four threads, then brings them into form.
mkdir /src
cd /src
echo '{ "vcs": { "enabled": false }, "files": { "includes": ["**/*.ts"] } }' > biome.json
for i in $(seq 0 59); do
  mkdir -p d$((i % 6))
  echo "export function f$i( a:number,b :number ){ var c = a==b ; debugger; return c }" > d$((i % 6))/f$i.ts
done
biome ci --colors=off --reporter=summary --max-diagnostics=5 . > /tmp/out 2> /tmp/err
echo "status $?"
# How long it took is its own affair.
sed 's/ in [0-9.]*[mnµ]*s\./ in T./' /tmp/out
biome format --write --colors=off . 2>&1 | sed 's/ in [0-9.]*[mnµ]*s\./ in T./'
cat d5/f59.ts
cat $(find . -name '*.ts' | sort) | sha256sum
