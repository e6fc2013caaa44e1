# Sourced by runtime.sh and stage.sh: packages of npm that are for another machine or never installed here, by their hash.

# pinned NAME VERSION INTEGRITY FOLDER: unpacks that package into FOLDER, once.
pinned() {
  local name=$1 version=$2 integrity=$3 folder=$4 file
  [ "$(cat "$folder/.integrity" 2>/dev/null)" != "$integrity" ] || return 0
  rm -rf "$folder" "$folder.new"
  mkdir -p "$folder.new"
  file=$folder.new/$(cd "$folder.new" && npm pack --silent "$name@$version") || die "npm does not give $name@$version"
  [ "sha512-$(openssl dgst -sha512 -binary "$file" | base64 -w 0)" = "$integrity" ] ||
    die "$name@$version is not what it was: its hash is not the one in this repository"
  tar -xzf "$file" -C "$folder.new" --strip-components=1 --no-same-owner
  rm "$file"
  echo "$integrity" >"$folder.new/.integrity"
  mv "$folder.new" "$folder"
}
