#!/usr/bin/env bash
# stage.sh FOLDER: puts together there what an installation has under its prefix: launcher, runtime, program, modules,
# unit, manual pages, completions. Deterministic: the times of all files are SOURCE_DATE_EPOCH.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

into=$1
arch=$(node -p process.arch)

# The runtime: this machine's own node without its symbols, kept between runs because stripping takes its time.
runtime() {
  local node kept=build/package/node
  node=$(readlink -f "$(node -p process.execPath)")
  mkdir -p build/package
  if [ ! -x "$kept" ] || [ "$node" -nt "$kept" ] || [ "$("$kept" --version)" != "$(node --version)" ]; then
    strip --strip-all -o "$kept.new" "$node"
    mv "$kept.new" "$kept"
  fi
  cp --reflink=auto "$kept" "$into/bin/node"
}

# Node's licence lies beside the binary in its own tarballs and in the folder of its package in Debian's.
node_licence() {
  local root candidate
  root=$(dirname "$(dirname "$(readlink -f "$(node -p process.execPath)")")")
  for candidate in "$root/LICENSE" "$root/share/doc/nodejs/LICENSE" "$root/share/doc/nodejs/copyright" /usr/share/doc/nodejs/copyright; do
    [ ! -f "$candidate" ] || { cp "$candidate" "$into/doc/LICENSE.node"; return; }
  done
  die 'no licence file found beside this node: install Node.js from a package or a tarball that has it'
}

program() {
  local file
  find build/src -name '*.js' | while IFS= read -r file; do
    mkdir -p "$into/$(dirname "$file")"
    sed '/^\/\/# sourceMappingURL=/d' "$file" >"$into/$file"
  done
  cp package.json "$into/"
}

# The modules that run, without sources, types, documents, and without what is built for other machines.
modules() {
  npm ls --parseable --omit=dev --all 2>/dev/null | sed -n "s|^$PWD/||p" | grep -v '/@types/\|/nan$\|/node-addon-api$' |
    sort | while IFS= read -r module; do
      find "$module" \( -name node_modules -o -path "$module/test" -o -path "$module/tests" -o -path "$module/spec" \
        -o -path "$module/doc" -o -path "$module/docs" -o -path "$module/examples" -o -path "$module/benchmarks" \
        -o -path "$module/vendor" -o -path "$module/prebuilds" -o -name obj.target -o -name 'musl_*' \) -prune \
        -o -type f ! -name '*.ts' ! -name '*.cts' ! -name '*.mts' ! -name '*.map' ! -name '*.md' ! -name '*.cc' \
        ! -name '*.cpp' ! -name '*.h' ! -name '*.hh' ! -name '*.S' ! -name '*.gyp' ! -name '*.gypi' \
        ! -name '*.tsbuildinfo' ! -name '*.yml' ! -name '.*' -print
    done | copy
  find node_modules/netlink/prebuilds/linux-"$arch" -type f | copy
}

copy() { tar -c --no-recursion -T - | tar -x -C "$into" --no-same-owner; }

# A module without a word on its licence in a file of its own is named with what its package.json says.
licences() {
  find "$into/node_modules" -name package.json -not -path '*/dist/*' | sort |
    xargs node -e '
      for (const file of process.argv.slice(1)) {
        const { name, version, license } = JSON.parse(require("node:fs").readFileSync(file, "utf8"));
        if (name && version) console.log(`${name} ${version}: ${license?.type ?? license}`);
      }' | sort -u >"$into/doc/LICENSES.modules"
}

# What was left out must not have been needed: every module and the whole program load from there.
try_out() {
  (cd "$into" && bin/node --input-type=module -e '
    import { readFileSync } from "node:fs";
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    for (const name of Object.keys(dependencies)) await import(name);
    for (const command of ["run", "announce", "guests", "doctor", "watch"]) await import(`${process.cwd()}/build/src/cli/${command}.js`);')
  "$into/bin/bondherald" config check "$into/config/bondherald.yaml" >/dev/null
}

rm -rf "$into"
mkdir -p "$into"/{bin,doc,man/man5,man/man8,systemd,completion,config}
into=$(cd "$into" && pwd)
runtime
program
modules
cp bin/bondherald "$into/bin/"
cp LICENSE README.md CHANGELOG.md "$into/doc/"
cp docs/*.md "$into/doc/"
node_licence
licences
cp systemd/* "$into/systemd/"
cp config/bondherald.yaml "$into/config/"
cp packaging/completion/* "$into/completion/"
for page in docs/man/*.[58]; do
  version=$(node -p 'require("./package.json").version')
  sed "s/@VERSION@/$version/" "$page" | gzip -9n >"$into/man/man${page##*.}/$(basename "$page").gz"
done
find "$into" -type d -exec chmod 755 {} +
find "$into" -type f ! -path '*/bin/*' ! -name host-access -exec chmod 644 {} +
chmod 755 "$into"/bin/* "$into/systemd/host-access"
try_out
find "$into" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
