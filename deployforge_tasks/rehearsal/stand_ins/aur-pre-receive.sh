#!/bin/sh
# What the AUR checks before it takes a push.
fail() { echo "error: $1" >&2; exit 1; }
zero=0000000000000000000000000000000000000000
name=$(basename "$PWD" .git)
while read -r old new ref; do
  [ "$ref" = refs/heads/master ] || fail "pushing to a branch other than master is restricted"
  [ "$new" != "$zero" ] || fail "deleting master is denied"
  if [ "$old" = "$zero" ]; then range=$new; else range=$old..$new; fi
  for commit in $(git rev-list "$range"); do
    git cat-file -e "$commit:PKGBUILD" 2>/dev/null || fail "missing PKGBUILD in commit $commit"
    git cat-file -e "$commit:.SRCINFO" 2>/dev/null || fail "missing .SRCINFO in commit $commit"
    git cat-file blob "$commit:.SRCINFO" | grep -qx "pkgbase = $name" || fail "invalid pkgbase, expected $name"
    git ls-tree -r -l "$commit" | while read -r mode kind blob size path; do
      case "$path" in keys/pgp/*.asc | LICENSES/*) ;; */*) fail "the repository must not contain subdirectories" ;; esac
      [ "$size" -le 256000 ] || fail "maximum blob size exceeded: $path"
    done || exit 1
  done
done
