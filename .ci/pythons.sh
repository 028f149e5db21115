# Functions for the set-up scripts: messages, and the choice of a Python and of its version set.
# Sourced by scripts in .ci, which run in the root of the project.

readonly newer=3.12
readonly older=3.10
# TFDV and ML Metadata of the newer set have no wheels for an older glibc.
readonly newer_glibc=2.39
# Only Pythons that uv has installed, in the form that older releases of uv know, too.
readonly managed="--python-preference only-managed"
readonly pyenv_versions=${PYENV_ROOT:-${HOME:-}/.pyenv}/versions

scratch=$(mktemp -d)
readonly scratch
trap 'rm -rf "$scratch"' EXIT

say() { printf 'set-up: %s\n' "$*" >&2; }

fail() {
  printf 'set-up failed: %s\n' "$1" >&2
  shift
  if (($#)); then printf '  %s\n' "$@" >&2; fi
  exit 2
}

lock_of() { echo "requirements/python$1.lock"; }

# Prints a requirement of a lock with its version, for example `uv==0.13.9`.
pinned() { grep -E "^$1==" "$2"; }

# Prints the version of glibc, for example 2.36, or none on a system with another C library.
glibc_version() {
  local name version
  if read -r name version < <(getconf GNU_LIBC_VERSION 2>/dev/null) && [[ $name == glibc ]]; then
    echo "$version"
  else
    echo none
  fi
}

has_newer_glibc() {
  local version
  version=$(glibc_version)
  [[ $version != none ]] &&
    [[ $(printf '%s\n' "$version" "$newer_glibc" | sort -V | head -n 1) == "$newer_glibc" ]]
}

# Prints the version of an interpreter, for example 3.10. A file named python3.10 may be pyenv's
# shim, which fails while that version is not active, so the interpreter is run.
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# Fails if the environment $1 is finished and its interpreter is missing or is not Python $2.
check_environment() {
  local found
  [[ -f $1/.ready ]] || return 0
  found=$(version_of "$1/bin/python") || found="no interpreter that runs"
  [[ $found == "$2" ]] ||
    fail "$1 needs Python $2 and contains $found." "Run: rm -rf $1, then run make again."
}

# Prints the path of a uv: the one on PATH, else one that any Python 3 installs for this run.
find_uv() {
  if uv --version >/dev/null 2>&1; then command -v uv; return; fi
  local python
  for python in python3 python; do
    if [[ -x $scratch/uv/bin/uv ]] ||
      "$python" -m pip install --quiet --target "$scratch/uv" "$(pinned uv "$(lock_of "$older")")" \
        >/dev/null 2>"$scratch/uv.log"; then
      echo "$scratch/uv/bin/uv"
      return
    fi
  done
  return 1
}

# Prints the path of a Python of version $1 from PATH or pyenv's versions, or of one of uv's, which
# uv installs if necessary.
find_python() {
  local candidate uv
  while read -r candidate; do
    # An environment that may be created again cannot be created with its own interpreter.
    if [[ $(realpath --canonicalize-missing --no-symlinks "$candidate") == "$PWD"/.venv* ]]; then continue; fi
    if [[ $(version_of "$candidate") == "$1" ]]; then echo "$candidate"; return; fi
  done < <(type -aP "python$1" python3 python || true  # fails where there is none at all
           printf '%s\n' "$pyenv_versions/$1".*/bin/python | sort -rV)
  uv=$(find_uv) || return 1
  if "$uv" python find $managed "$1" 2>/dev/null; then return; fi
  say "no Python $1 on PATH or in pyenv; installing one with uv"
  "$uv" python install "$1" >"$scratch/uv.log" 2>&1 || return 1
  "$uv" python find $managed "$1"
}

# Sets `version` and `python` to the Python of the version set for this machine, and `reason`.
# TWOTOWER_PYTHON decides, else an environment that set-up has finished, which is in $1, else the
# system: the newer set where it can be had.
choose_python() {
  local existing=$1 glibc
  glibc=$(glibc_version)
  python=
  if [[ -n ${TWOTOWER_PYTHON:-} ]]; then
    version=$TWOTOWER_PYTHON
    reason="TWOTOWER_PYTHON is $version"
    check_version "$version" "TWOTOWER_PYTHON=$version" "unset TWOTOWER_PYTHON"
  elif [[ -n $existing ]]; then
    version=$existing
    reason="the existing environment has this version"
  elif ! has_newer_glibc; then
    version=$older
    reason="Python $newer needs glibc $newer_glibc or later, and this system has $glibc"
  elif python=$(find_python "$newer"); then
    version=$newer
    reason="this system has glibc $glibc, and Python $newer needs $newer_glibc or later"
  else
    version=$older
    reason="this system has glibc $glibc, but no Python $newer was found or could be obtained"
  fi
  if [[ -z $python ]] && ! python=$(find_python "$version"); then no_python "$version"; fi
}

# Fails unless this machine can have the version set of Python $1, which $2 demands; $3 is the
# command that repairs it.
check_version() {
  case $1 in
    "$older") ;;
    "$newer")
      has_newer_glibc ||
        fail "$2: the version set of Python $newer needs glibc $newer_glibc or later, and this system has $(glibc_version)." \
          "Ubuntu 24.04 and Debian 13 have it. Here, run: $3"
      ;;
    *) fail "$2: there are version sets for Python $older and $newer." "Run: $3" ;;
  esac
}

# Records in the environment $1 that this machine cannot have it, and why: tests that need it are
# skipped with this reason.
record_absence() {
  say "$1 is not created: $2"
  rm -rf "$1"
  mkdir "$1"
  echo "$2" >"$1/absent"
}

no_python() {
  local wanted=$1
  if [[ -s $scratch/uv.log ]]; then sed 's/^/  uv: /' "$scratch/uv.log" | tail -n 3 >&2; fi
  fail "Python $wanted is needed, and none was found or could be obtained." \
    "Searched: PATH, $pyenv_versions, and uv's downloads." \
    "Do one of the following, then run make again:" \
    "  pyenv install $wanted" \
    "  uv python install $wanted" \
    "  install python$wanted and python$wanted-venv with the system's package manager"
}

# Creates the virtual environment $1 with the interpreter $2.
make_venv() {
  local uv
  rm -rf "$1"
  # Debian packages Python without ensurepip; uv seeds pip without it.
  if "$2" -c 'import ensurepip' 2>/dev/null; then
    "$2" -m venv "$1"
  elif uv=$(find_uv); then
    "$uv" venv --quiet --seed --python "$2" "$1"
  else
    fail "$2 cannot create a virtual environment, and uv, which could, is not available." \
      "Install its venv module (on Debian: apt-get install python$(version_of "$2")-venv), then run make again."
  fi
}

# Installs the version set of Python $2 and this project, editable, into the environment $1.
install_set() {
  local folder=$1 lock overrides uv_quiet=--quiet
  lock=$(lock_of "$2")
  overrides=requirements/python$2.overrides
  if [[ -t 2 ]]; then uv_quiet=; fi
  if ! command -v c++ >/dev/null && ! command -v g++ >/dev/null; then
    fail "a C++ compiler is needed: one dependency (pyfarmhash) has no wheel." \
      "Install one (on Debian: apt-get install g++), then run make again."
  fi
  say "installing $(grep -c == "$lock") packages from $lock (minutes the first time, 3 GB on disk)"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$(pinned uv "$lock")"
  # Packages without a wheel are built with the locked setuptools, not with the newest.
  "$folder/bin/uv" pip sync $uv_quiet --python "$folder/bin/python" --build-constraints "$lock" "$lock"
  "$folder/bin/uv" pip install --quiet --python "$folder/bin/python" \
    --no-deps --no-build-isolation --editable .
  if ! [[ -f $overrides ]]; then overrides=; fi
  "$folder/bin/python" .ci/check_requirements.py $overrides ||
    fail "$lock does not fit setup.py." "Run: make lock"
}
