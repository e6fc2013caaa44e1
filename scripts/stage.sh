#!/usr/bin/env bash
# stage.sh FOLDER ARCH: puts together there what an installation on x64 or arm64 has under its prefix: launcher, runtime,
# program, modules, unit, manual pages, completions. Deterministic: the times of all files are SOURCE_DATE_EPOCH.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
. scripts/package.sh "$2"
. scripts/pinned.sh

into=$1
runtime=build/package/runtime-$arch # scripts/runtime.sh

program() {
  local file
  find build/program -name '*.js' | while IFS= read -r file; do
    mkdir -p "$into/$(dirname "$file")"
    sed '/^\/\/# sourceMappingURL=/d' "$file" >"$into/$file"
  done
  sed "s/^  \"version\": .*/  \"version\": \"$version\",/" package.json >"$into/package.json"
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
  comm -12 <(shipped) <(unbundled | sort) | grep -v '/@koromix/' | with_or_without_pcap | while IFS= read -r module; do
    find "$module" \( -name node_modules -o -path "$module/test" -o -path "$module/tests" -o -path "$module/spec" \
      -o -path "$module/doc" -o -path "$module/docs" -o -path "$module/examples" -o -path "$module/benchmarks" \
      -o -path "$module/vendor" -o -path "$module/prebuilds" -o -path "$module/build" \) -prune \
      -o -type f ! -name '*.ts' ! -name '*.cts' ! -name '*.mts' ! -name '*.map' ! -name '*.md' ! -name '*.cc' \
      ! -name '*.cpp' ! -name '*.h' ! -name '*.hh' ! -name '*.S' ! -name '*.gyp' ! -name '*.gypi' \
      ! -name '*.tsbuildinfo' ! -name '*.yml' ! -name '.*' -print
  done | copy
  find node_modules/netlink/prebuilds/linux-"$arch" -type f | copy
  koffi
  [ ! -f "$runtime/pcap.node" ] || install -D -m 644 "$runtime/pcap.node" "$into/node_modules/pcap/build/Release/pcap_binding.node"
}

# Without its binary the rest of that module is of no use.
with_or_without_pcap() {
  if [ -f "$runtime/pcap.node" ]; then cat; else grep -v '/pcap\(/\|$\)'; fi
}

# The binary of koffi is a package of its own for each machine; the lock file has the hashes of all.
koffi() {
  local name=@koromix/koffi-linux-$arch from=build/package/koffi-$arch version integrity
  read -r version integrity < <(node -p '
    const { version, integrity } = require("./package-lock.json").packages[`node_modules/${process.argv[1]}`];
    `${version} ${integrity}`' "$name")
  pinned "$name" "$version" "$integrity" "$from"
  mkdir -p "$into/node_modules/$name/linux_$arch"
  cp "$from/package.json" "$from/index.js" "$into/node_modules/$name/"
  cp "$from/linux_$arch/koffi.node" "$into/node_modules/$name/linux_$arch/"
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

# Every binary must run with the C library of RHEL 8 (glibc 2.28, GCC 8), and need nothing that a package does not ask for.
check_binaries() {
  local file needs
  find "$into/bin/node" "$into/node_modules" -type f \( -name node -o -name '*.node' \) | while IFS= read -r file; do
    needs=$(LC_ALL=C readelf -dVW "$file" | sed -n 's/.*Shared library: \[\(.*\)\]/\1/p; s/.*Name: \([A-Z]*_[0-9.]*\) .*/\1/p' | sort -u)
    for need in $needs; do
      case $need in
        GLIBC_*) not_newer "${need#*_}" "$GLIBC" ;;
        GLIBCXX_*) not_newer "${need#*_}" 3.4.25 ;;
        CXXABI_*) not_newer "${need#*_}" 1.3.11 ;;
        libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | libstdc++.so.6 | libgcc_s.so.1 | GCC_* | ld-linux-*.so.*) true ;;
        *) false ;;
      esac || die "$file needs $need: a package must run on RHEL 8, with what it asks for"
    done
  done
}

# not_newer A B: whether version A is B or comes before it.
not_newer() { [ "$(printf '%s\n' "$1" "$2" | sort -V | tail -n 1)" = "$2" ]; }

# What was left out must not have been needed: the modules and every command load from there.
try_out() {
  [ "$arch" = "$(node -p process.arch)" ] || return 0
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
cp "$runtime/node" "$into/bin/node"
cp "$runtime/LICENSE" "$into/doc/LICENSE.node"
program
modules
cp bin/bondherald "$into/bin/"
cp LICENSE README.md CHANGELOG.md "$into/doc/"
cp docs/*.md "$into/doc/"
licences
cp systemd/* "$into/systemd/"
cp config/bondherald.yaml "$into/config/"
cp packaging/completion/* "$into/completion/"
for page in docs/man/*.[58]; do
  sed "s/@VERSION@/$version/" "$page" | gzip -9n >"$into/man/man${page##*.}/$(basename "$page").gz"
done
find "$into" -type d -exec chmod 755 {} +
find "$into" -type f ! -path '*/bin/*' ! -name host-access ! -name network-managers -exec chmod 644 {} +
chmod 755 "$into"/bin/* "$into"/systemd/{host-access,network-managers}
check_binaries
try_out
find "$into" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
