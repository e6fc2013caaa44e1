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
  find build/program -name '*.js' | while IFS= read -r file; do
    mkdir -p "$into/$(dirname "$file")"
    sed '/^\/\/# sourceMappingURL=/d' "$file" >"$into/$file"
  done
  cp package.json "$into/"
}

# Every module that runs, bundled or not, less what is types and headers.
shipped() {
  npm ls --parseable --omit=dev --all 2>/dev/null | sed -n "s|^$PWD/||p" | grep -v '/@types/\|/nan$\|/node-addon-api$' | sort
}

# The modules that no bundle can hold (scripts/bundle.js), and what they need.
unbundled() {
  local native=':is(#koffi, #netlink, #pcap)'
  npm query "$native, $native *" | node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).map((module) => module.location).join("\n")'
}

# Those without sources, types, documents, and without what is built for other machines.
modules() {
  comm -12 <(shipped) <(unbundled | sort) | while IFS= read -r module; do
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

# What each module's package.json says of its licence, then the texts of those that are bundled: the others have theirs
# beside them.
licences() {
  shipped | node -e '
    const { existsSync, readdirSync, readFileSync } = require("node:fs");
    const [into] = process.argv.slice(1);
    const modules = readFileSync(0, "utf8").trim().split("\n").map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
      return [`${name} ${version}: ${license?.type ?? license}`, folder];
    });
    const titles = [...new Map(modules)].sort();
    for (const [title] of titles) console.log(title);
    for (const [title, folder] of titles.filter(([, folder]) => !existsSync(`${into}/${folder}`)))
      for (const file of readdirSync(folder).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name)).sort())
        console.log(`\n---- ${title} (${file})\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}`);
  ' "$into" >"$into/doc/LICENSES.modules"
}

# What was left out must not have been needed: the modules and every command load from there.
try_out() {
  (cd "$into" && bin/node --input-type=module -e '
    import { readdirSync } from "node:fs";
    for (const name of ["koffi", "netlink"]) await import(name);
    for (const file of readdirSync("build/program"))
      if (!/^(main|run-process|.*-thread)\.js$/.test(file)) await import(`${process.cwd()}/build/program/${file}`);')
  for command in run announce guests status doctor watch 'config check'; do
    # shellcheck disable=SC2086 # two words
    "$into/bin/bondherald" $command --help >/dev/null
  done
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
