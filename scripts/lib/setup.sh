# The set-up that scripts/run and scripts/test share. Sourced by bash, never run by itself.
#
# Everything here speaks on standard error only: standard output belongs to the program that is
# started afterwards (`scripts/run measure --json | …`).
#
#   setup_environment EXTRAS      .venv with the pinned packages; EXTRAS as pip writes them
#                                 ("test,check") or empty
#   setup_libraries ask|need      the system libraries of Qt and OpenGL; `need` stops without them
#   setup_commands PACKAGE:COMMAND…   programs from the distribution; fails when one stays missing

project=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
venv=$project/.venv

oldest_glibc=2.34 # of the Qt wheels (manylinux_2_34)

say() { printf 'glutea: %s\n' "$*" >&2; }

# The user can put it right: one sentence, exit code 2, as everywhere in Glutea.
stop() {
    say "$*"
    exit 2
}

# --- the Python environment -----------------------------------------------------------------

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; }

# What .venv was made from. It is made anew when this changes: environments can neither be moved
# nor handed to another Python.
venv_origin() {
    local key value version=
    while IFS='=' read -r key value; do
        [[ $key == version* ]] && version=${value# }
    done <"$venv/pyvenv.cfg"
    printf '%s python %s %s' "$project" "$version" "$(readlink -f -- "$venv/bin/python")"
}

# What was installed into it. A change means pip has work to do.
packages_wanted() { cat -- "$project/pyproject.toml" "$project/constraints.txt" | sha256; }

stamp_file() { printf '%s/.glutea-%s' "$venv" "${1:-base}"; }

# Sets `state`: "ready"; "stale" (pip has to run); "unusable" (missing, half made, moved, or its
# Python has gone).
read_state() {
    local stamp line origin
    state=unusable
    [[ -x $venv/bin/python && -r $venv/pyvenv.cfg ]] || return 0
    local stamps=("$venv"/.glutea-*)
    [[ -e ${stamps[0]} ]] || return 0 # the first installation never came to its end
    origin=$(venv_origin)
    for stamp in "${stamps[@]}"; do
        { read -r line && [[ $line == "$origin" ]]; } <"$stamp" || return 0
    done
    state=stale
    stamp=$(stamp_file "$1")
    [[ -r $stamp ]] || return 0
    { read -r line && read -r line; } <"$stamp" || return 0
    if [[ $line == "$(packages_wanted)" ]]; then state=ready; fi
}

# Prints the interpreter to build on. Each candidate is really started: version managers put
# commands in the PATH that only say they are not installed. `_base_executable` steps out of a
# virtual environment, which may be the very one that is about to be replaced.
find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        command -v "$name" >/dev/null || continue
        "$name" -c 'import sys
if sys.version_info < (3, 11): sys.exit(1)
print(getattr(sys, "_base_executable", None) or sys.executable)' 2>/dev/null && return 0
    done
    return 1
}

# Debian and Ubuntu split `ensurepip` off; without it no environment can be made.
require_venv_module() {
    local python=$1 version package
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return 0
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    package=python$version-venv
    if [[ "$(command -v python3)" -ef $python ]]; then package=python3-venv; fi
    install_packages "$package" && "$python" -c 'import ensurepip, venv' 2>/dev/null && return 0
    stop "Python $version here cannot make virtual environments;" \
        "run \`$(install_line "$package")\` and start again."
}

require_glibc() {
    local have
    [[ $(uname -s) == Linux ]] || return 0
    have=$(getconf GNU_LIBC_VERSION 2>/dev/null) ||
        stop "this Linux has no glibc, which the ready-made Qt and VTK packages need;" \
            "use Debian 12, Ubuntu 22.04 or newer, or a container of one."
    have=${have##* }
    [[ $(printf '%s\n' "$oldest_glibc" "$have" | sort -V | head -n 1) == "$oldest_glibc" ]] ||
        stop "this system's glibc is $have, the ready-made Qt package needs $oldest_glibc;" \
            "use Debian 12, Ubuntu 22.04 or newer."
}

make_venv() {
    local python
    python=$(find_python) ||
        stop "Glutea needs Python 3.11 or newer and found none; on Debian 12, Ubuntu 24.04 and" \
            "newer run \`$(install_line python3 python3-venv)\` and start again."
    require_glibc
    require_venv_module "$python"
    say "making the environment .venv with $("$python" --version) (once; it takes 1.3 GB of disk)"
    rm -rf -- "$venv"
    "$python" -m venv -- "$venv" >&2 ||
        stop "$python could not make $venv, the lines above say why."
}

install_project() {
    local extras=$1 quiet=-q target origin packages
    target=.${extras:+[$extras]}
    [[ -t 2 ]] && quiet= # somebody is watching: let pip show its progress
    say "installing the packages of constraints.txt${extras:+ with the extras $extras}"
    origin=$(venv_origin)
    packages=$(packages_wanted) # before pip starts: an edit meanwhile must not be lost
    rm -f -- "$(stamp_file "$extras")"
    # Relative paths, because pip splits what it reads from the environment at blanks. The two
    # variables pin the build tool as well; pip before 25.3 knows only the first, later ones the
    # second.
    (cd -- "$project" &&
        PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
            PIP_DISABLE_PIP_VERSION_CHECK=1 \
            "$venv/bin/python" -m pip install $quiet -c constraints.txt -e "$target" >&2) ||
        stop "installing failed, the lines above say why;" \
            "most often it is the network or the disk: put it right and start again."
    # Last of all, and the base set too: whatever holds the extras holds it.
    local set
    for set in "" "$extras"; do
        printf '%s\n%s\n' "$origin" "$packages" >"$(stamp_file "$set").new"
        mv -f -- "$(stamp_file "$set").new" "$(stamp_file "$set")"
    done
    rm -f -- "$venv/libraries-found" "$venv/packages-refused"
}

build_environment() {
    read_state "$1" # again: another run may have done the work while this one waited
    [[ $state == ready ]] && return 0
    [[ -w $project && (! -d $venv || -w $venv) ]] ||
        stop "$project has to be set up first, and only somebody who may write there can do it:" \
            "let its owner run ./scripts/run once."
    [[ $state == stale ]] || make_venv
    install_project "$1"
}

setup_environment() {
    local state
    read_state "$1"
    [[ $state == ready ]] && return 0
    # Only one run at a time may build. The lock hangs on the project's folder itself, so that no
    # lock file is left behind; where there is no flock (or no locks, on some network drives) two
    # first starts at once are the user's own risk.
    {
        if command -v flock >/dev/null && ! flock -n 9 2>/dev/null; then
            say "waiting for another set-up of this copy to end"
            flock 9 2>/dev/null || true
        fi
        build_environment "$1"
    } 9<"$project"
}

# --- what the distribution has to provide ---------------------------------------------------

# Sets `as_root` to the words that make a command run as root; fails when nothing does without
# asking for a password.
find_root() {
    as_root=()
    ((EUID == 0)) && return 0
    as_root=(sudo -n)
    command -v sudo >/dev/null && sudo -n true 2>/dev/null
}

install_line() {
    local sudo=
    ((EUID == 0)) || sudo='sudo '
    printf '%sapt-get install %s' "$sudo" "$*"
}

# Debian and Ubuntu, as root or with a password-free sudo; fails otherwise. What was refused once
# (no network, say) is not tried again at every start.
install_packages() {
    local as_root
    command -v apt-get >/dev/null && find_root || return 1
    grep -qxF -- "$*" "$venv/packages-refused" 2>/dev/null && return 1
    say "installing the system packages $*"
    # apt-get's own words only when it fails: a first start should not be a wall of text.
    local words
    words=$("${as_root[@]}" apt-get -qq update 2>&1
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq install -y --no-install-recommends "$@" 2>&1) && return 0
    printf '%s\n' "$words" | tail -n 5 >&2
    if [[ -w $venv ]]; then printf '%s\n' "$*" >>"$venv/packages-refused"; fi
    return 1
}

# The Debian package of a library, by Debian's naming rule (libX11.so.6 is in libx11-6), with the
# few names that do not keep to it.
debian_package() {
    local name=${1%%.so*} version=${1##*.so.}
    case $1 in
        libglib-2.0.so.0 | libgthread-2.0.so.0) printf 'libglib2.0-0' && return ;;
        libz.so.1) printf 'zlib1g' && return ;;
    esac
    [[ $name == *[0-9] ]] && name=$name-
    printf '%s%s' "$name" "$version" | tr '[:upper:]' '[:lower:]'
}

# Sets `missing` to the sonames that Qt's window and VTK's off-screen drawing lack here. The
# linker is asked, not the package manager, so that every distribution gets a true answer.
find_missing_libraries() {
    local site qt name
    missing=()
    for site in "$venv"/lib/python*/site-packages; do :; done
    qt=$site/PySide6
    while read -r name; do
        missing+=("$name")
    done < <({
        # Linked libraries. (ldd calls a library "not found" also when only another one lacks it.)
        ldd "$qt"/Qt/plugins/platforms/libqxcb.so \
            "$qt"/Qt/plugins/xcbglintegrations/libqxcb-*-integration.so \
            "$qt"/Qt{Gui,Widgets,OpenGLWidgets,Svg}.abi3.so 2>/dev/null |
            sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p'
        # Loaded by name while the program runs: by VTK to draw, with or without a window.
        "$venv/bin/python" -c '
import ctypes, sys
for name in sys.argv[1:]:
    try: ctypes.CDLL(name)
    except OSError: print(name)' libEGL.so.1 libGL.so.1
    } | sort -u)
}

# Stops or goes on without the libraries, as the command needs.
setup_libraries() {
    local missing name packages
    [[ $(uname -s) == Linux ]] || return 0
    [[ -e $venv/libraries-found ]] && return 0
    find_missing_libraries
    if ((${#missing[@]})); then
        packages=$(for name in "${missing[@]}"; do debian_package "$name" && echo; done | sort -u)
        # shellcheck disable=SC2086 # one word a package
        if install_packages $packages; then find_missing_libraries; fi
    fi
    if ((${#missing[@]})); then
        if command -v apt-get >/dev/null; then
            # shellcheck disable=SC2086
            say "the window and pictures need system libraries that are missing here:" \
                "run \`$(install_line $packages)\`"
        else
            say "the window and pictures need system libraries that are missing here:" \
                "install the packages that hold ${missing[*]}"
        fi
        [[ $1 == need ]] && exit 2
        return 0
    fi
    if [[ -w $venv ]]; then : >"$venv/libraries-found"; fi
}

# Sets `packages` to those whose command is missing.
find_missing_commands() {
    local pair
    packages=()
    for pair in "$@"; do
        command -v "${pair#*:}" >/dev/null || packages+=("${pair%%:*}")
    done
}

setup_commands() {
    local packages
    find_missing_commands "$@"
    ((${#packages[@]} == 0)) && return 0
    install_packages "${packages[@]}" || return 1
    find_missing_commands "$@"
    ((${#packages[@]} == 0))
}
