#!/usr/bin/env bash
# Build a Windows Python under Wine, so that what is written for Windows runs on Linux too.
#
#   tools/windows-python.sh DIR [PYTHON]      PYTHON: a Python 3.11, 3.12 or 3.13 of this machine (python3)
#
# afterwards
#
#   DIR/python ARGUMENT …                     runs it; the exit code is Python's
#   DIR/stop                                  ends what Wine has left running
#
# There is no Windows Python to be had from a package index. But the wheel of panda3d for Windows carries python.org's
# own python3xx.dll and its extension modules, `_overlapped` and `_socket` among them. What it lacks is python.exe, which
# is a dozen lines of C, and the standard library, which is the same on every system: that of PYTHON, whose version is
# what is built.
#
# Nothing of it leaves DIR, which holds a Wine prefix of its own.
set -euo pipefail

dir=${1:?where to?}
host=${2:-python3}
version=$("$host" -c 'import sys; print("%d.%d" % sys.version_info[:2])')  # a shim may bear the name of another
tag=${version/./}

declare -A checksum=(
    [3.11]=37acfb92655c4226879f95c988e2ef1449a53c54486d6c1ebc00e2772429af82
    [3.12]=f6493e2ecc0d1b7c1556a999556e5278cbc9484fe5fe1e159a1ccc02b870b18f
    [3.13]=0e505261bb58d8402d0099c291f1a3459acfdd38f3e7d666e72aa2e1ea5dc46f
)

# What the tests need. Versions as in pyproject.toml, without what has no use here. (trio needs cffi on Windows, which pip
# doesn't see from here; it can be imported under Wine, not run.)
packages=("pytest>=9.0" "hypothesis>=6.150" "pytest-timeout>=2.4" colorama "trio>=0.31" cffi)

check_what_is_needed() {
    if [[ -z ${checksum[$version]:-} ]]; then
        echo "A Windows Python is known for ${!checksum[*]}; not for '$version'." >&2
        exit 2
    fi
    if ! command -v wine >/dev/null || ! command -v x86_64-w64-mingw32-gcc >/dev/null || ! command -v unzip >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends \
            wine wine64 gcc-mingw-w64-x86-64-win32 unzip
    fi
}

# Packages for Windows, from the index that pip is set up with: fetch SUBCOMMAND ARGUMENT …
fetch() {
    "$host" -m pip --disable-pip-version-check "$@" --quiet --only-binary=:all: \
        --platform win_amd64 --python-version "$version" --implementation cp --abi "cp$tag"
}

lay_out() {
    local wheel libs=$dir/unpacked
    rm -rf "$dir"
    mkdir -p "$dir"/{home/DLLs,home/Lib/site-packages,prefix,download,unpacked}
    fetch download --no-deps --dest "$dir/download" panda3d==1.10.16
    wheel=$(echo "$dir"/download/panda3d-*.whl)
    echo "${checksum[$version]}  $wheel" | sha256sum --check --quiet -
    unzip -qoj "$wheel" 'deploy_libs/*' -d "$libs"
    cp "$libs/python$tag.dll" "$libs"/[vV][cC][rR]*.dll "$dir/home/"
    cp "$libs"/*.pyd "$libs"/lib*.dll "$libs/sqlite3.dll" "$dir/home/DLLs/"
    # _wmi, which `platform` asks for the version of Windows, aborts under Wine; it can do without.
    rm -f "$dir"/home/DLLs/{_wmi,_tkinter}.pyd
    tar --create --directory "$("$host" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
        --exclude=./{site-packages,dist-packages,lib-dynload,test,idlelib,tkinter} --exclude='./config-*' \
        --exclude=__pycache__ . | tar --extract --directory "$dir/home/Lib"
    fetch install --no-compile --target "$dir/home/Lib/site-packages" "${packages[@]}"
    rm -rf "$dir/download" "$libs"
}

# python.exe. The manifest says that it knows Windows 10; a program that doesn't is told that it runs on Windows 8.
compile_launcher() {
    local build=$dir/build
    mkdir -p "$build"
    cat >"$build/python.c" <<'C'
#include <windows.h>

int wmain(int argc, wchar_t **argv) {
    HMODULE dll = LoadLibraryW(PYTHON_DLL);
    int (*py_main)(int, wchar_t **) = dll ? (int (*)(int, wchar_t **))(void *)GetProcAddress(dll, "Py_Main") : 0;
    return py_main ? py_main(argc, argv) : 127;
}
C
    cat >"$build/python.manifest" <<'XML'
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application><supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/></application>
  </compatibility>
</assembly>
XML
    echo '1 24 "python.manifest"' >"$build/python.rc"
    (cd "$build" && x86_64-w64-mingw32-windres python.rc resources.o)
    x86_64-w64-mingw32-gcc -O2 -s -municode "-DPYTHON_DLL=L\"python$tag.dll\"" \
        -o "$dir/home/python.exe" "$build/python.c" "$build/resources.o"
    rm -rf "$build"
}

write_commands() {
    cat >"$dir/environment" <<'SH'
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
export WINEPREFIX=$here/prefix WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml="
server=$(command -v wineserver || echo /usr/lib/wine/wineserver64)
SH
    # Windows Python wants a pipe or a console for its output: from a regular file it would die at once (WinError 6).
    # And it would wait for the standard input of whoever calls us.
    cat >"$dir/python" <<'SH'
#!/usr/bin/env bash
set -o pipefail
source "$(dirname "$(readlink -f "$0")")/environment"
wine "$here/home/python.exe" "$@" </dev/null 2>&1 | cat
SH
    cat >"$dir/stop" <<'SH'
#!/usr/bin/env bash
source "$(dirname "$(readlink -f "$0")")/environment"
"$server" -k || true  # there may be none
SH
    chmod +x "$dir"/{python,stop}
}

# Wine's services keep the output of whoever starts them first; a pipe that they hold would never end.
start_wine() {
    source "$dir/environment"
    "$server" -p120 </dev/null >/dev/null 2>&1
    wine wineboot --init </dev/null >/dev/null 2>&1
    wine winecfg -v win10 </dev/null >/dev/null 2>&1
}

check_what_is_needed
lay_out
dir=$(readlink -f "$dir")
compile_launcher
write_commands
start_wine
"$dir/python" -c 'import _overlapped, sys; print("Python", sys.version, "on", sys.platform)'
