#!/usr/bin/env bash
# make_elf_seeds.sh functions|lines|slots FOLDER: small ELF files for a fuzzer to begin with.
set -euo pipefail
mkdir -p "$2"
cd "$2"
library=(gcc seed.c -shared -fPIC -nostdlib -O1 -Wl,-z,noseparate-code)
cat >seed.c <<'C'
static inline __attribute__((always_inline)) int square(int x) { return x * x; }
__attribute__((noipa)) static int f(int x) { return square(x) + 1; }
int g(int x) { return f(x) + square(f(x + 1)); }
int h(int x) __attribute__((alias("g")));
static int (*choose(void))(int) { return g; }
int picked(int x) __attribute__((ifunc("choose")));
int calls(int x) { return g(x) + picked(x); }
C
case $1 in
    functions)
        "${library[@]}" -o whole -Wl,--build-id -Wl,--hash-style=both
        strip -o stripped whole
        "${library[@]}" -o bare -fno-asynchronous-unwind-tables -Wl,--hash-style=gnu
        strip bare
        objcopy --only-keep-debug whole mini
        xz -f mini
        objcopy --add-section .gnu_debugdata=mini.xz stripped packed
        printf '.globl _start\n.type _start,@function\n_start: call f\nret\nf: ret\n' | as --32 -o thirtytwo.o -
        ld -m elf_i386 thirtytwo.o -o thirtytwo
        rm -f mini.xz thirtytwo.o
        ;;
    lines)
        for version in 3 4 5; do "${library[@]}" -o "dwarf$version" -g "-gdwarf-$version"; done
        "${library[@]}" -o packed -g -gz
        ;;
    slots)
        printf 'V1 { global: g; local: *; }; V2 { global: h; picked; } V1;' >v.map
        printf 'int (*table[70])(int) = {[2 ... 65] = g, f}; int needs(void); int uses(void) { return needs(); }\n' >>seed.c
        for style in gnu sysv; do "${library[@]}" -o "$style" "-Wl,--hash-style=$style" -Wl,--version-script=v.map; done
        "${library[@]}" -o relr -Wl,-z,pack-relative-relocs
        "${library[@]}" -o symbolic -Wl,-Bsymbolic
        rm -f v.map
        ;;
esac
rm -f seed.c
touch made
