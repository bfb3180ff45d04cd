"""What watching every function of a real program adds to its run, as with SPEC CPU's: for each call, and for the whole.

Each program does a small piece of its work, made here. Every round runs it alone, with its calls counted by caller, and with each
function watched until its first call; by turns. What counts is the median of the rounds.
"""

import argparse
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu")


class Program:
    """What is watched, and the command; `prepare` makes its input in the folder that the command runs in."""

    def __init__(self, name, functions, command, prepare):
        self.name, self.functions, self.command, self.prepare = name, functions, command, prepare


def words(count):
    """Text with some repetition, always the same."""
    chosen = random.Random(1)
    vocabulary = ["".join(chosen.choices("etaoinshrdlu", k=chosen.randint(2, 9))) for _ in range(500)]
    return " ".join(chosen.choices(vocabulary, k=count))


def text(folder):
    (folder / "text").write_text(words(60_000))


def source(folder):
    lines = [f"int f{i}(int a, int b) {{ int s = {i}; for (int k = a; k < b; ++k) s += k * {i} ^ s >> 3; return s; }}" for i in range(12)]
    (folder / "source.c").write_text("\n".join(lines))


def proteins(folder):
    chosen = random.Random(2)
    letters = "ACDEFGHIKLMNPQRSTVWY"
    family = "".join(chosen.choices(letters, k=120))

    def member():
        return "".join(chosen.choice(letters) if chosen.random() < 0.2 else letter for letter in family)

    (folder / "family.sto").write_text("# STOCKHOLM 1.0\n" + "".join(f"m{i} {member()}\n" for i in range(20)) + "//\n")
    rows = [f">s{i}\n{member() if i % 50 == 0 else ''.join(chosen.choices(letters, k=300))}\n" for i in range(4000)]
    (folder / "proteins.fa").write_text("".join(rows))
    subprocess.run(["hmmbuild", "family.hmm", "family.sto"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def film(folder):
    chosen = random.Random(3)
    width, height, frames = 320, 176, 12
    noise = bytes(chosen.randrange(256) for _ in range(width * height))
    with open(folder / "film.yuv", "wb") as out:
        for frame in range(frames):
            out.write(bytes((noise[i] >> 3) + (i + 5 * frame) % width * 200 // width for i in range(width * height)))
            out.write(bytes([128]) * (width * height // 2))


def scene(folder):
    balls = "\n".join(f"sphere {{ <{i % 5 - 2}, {i // 5 % 5 - 2}, {i // 25}>, 0.45 texture {{ pigment {{ color rgb <{i % 3 / 2}, 0.5, 0.7> }} "
                      "finish { reflection 0.2 phong 0.8 } } }" for i in range(50))
    (folder / "scene.pov").write_text("#version 3.7;\nglobal_settings { assumed_gamma 1 }\n"
                                      "camera { location <0, 1, -7> look_at 0 }\nlight_source { <4, 6, -8> color rgb 1 }\n" + balls)


def document(folder):
    rows = "".join(f"<row id='{i}'><name>{name}</name><value>{i * 7 % 101}</value></row>" for i, name in enumerate(words(1500).split()))
    (folder / "data.xml").write_text(f"<table>{rows}</table>")
    (folder / "sheet.xsl").write_text(
        "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><xsl:template match='/table'><html><xsl:for-each select='row'>"
        "<xsl:sort select='value' data-type='number'/><p><xsl:value-of select='name'/>: <xsl:value-of select='value'/></p></xsl:for-each>"
        "<b><xsl:value-of select='sum(//value)'/></b></html></xsl:template></xsl:stylesheet>")


def shor(folder):
    (folder / "shor.c").write_text("""#include <quantum.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	srand(1);
	quantum_reg reg = quantum_new_qureg(0, 4);
	for (int i = 0; i < 4; i++) quantum_hadamard(i, &reg);
	quantum_addscratch(14, &reg);
	quantum_exp_mod_n(15, 7, 4, 4, &reg);
	for (int i = 0; i < 14; i++) quantum_bmeasure(0, &reg);
	quantum_qft(4, &reg);
	printf("%llu\\n", (unsigned long long)quantum_measure(reg));
	return 0;
}
""")
    subprocess.run(["cc", "-O2", "shor.c", "-o", "shor", "-lquantum", "-fopenmp"], cwd=folder, check=True)


def script(folder):
    text(folder)
    (folder / "count.pl").write_text("my %n; while (<>) { for my $w (split) { $n{$w}++ } }\n"
                                     "print \"$_ $n{$_}\\n\" for sort { $n{$b} <=> $n{$a} || $a cmp $b } keys %n;\n")


def compiler():
    return subprocess.run(["gcc", "-print-prog-name=cc1"], check=True, capture_output=True, text=True).stdout.strip()


PROGRAMS = [
    Program("bzip2", ["exe:*", "lib:libbz2.so.1.0:*"], ["bzip2", "-k", "-c", "text"], text),
    Program("perl", ["exe:*"], ["perl", "count.pl", "text"], script),
    Program("gcc (cc1)", ["exe:*"], [compiler, "-quiet", "-O2", "source.c", "-o", "/dev/null"], source),
    Program("hmmer", ["exe:*"], ["hmmsearch", "--cpu", "0", "family.hmm", "proteins.fa"], proteins),
    Program("libquantum", ["exe:*", "lib:libquantum.so.8:*"], ["./shor"], shor),
    Program("x264", ["exe:*", "lib:libx264.so.164:*"],
            ["x264", "--quiet", "--threads", "1", "--input-res", "320x176", "--fps", "25", "-o", "/dev/null", "film.yuv"], film),
    Program("povray", ["exe:*"], ["povray", "-D", "-GA", "+WT1", "+W96", "+H72", "+Oout.png", "scene.pov"], scene),
    Program("xalan", ["exe:*", "lib:libxalan-c.so.112:*"], ["Xalan", "data.xml", "sheet.xsl"], document),
]


def run(command, folder):
    """Seconds that the command takes."""
    began = time.monotonic()
    done = subprocess.run([str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return time.monotonic() - began


def query(catena, trace, sql):
    done = subprocess.run([catena, "query", trace, sql, "--format", "csv"], check=True, capture_output=True, text=True)
    return [int(value) for value in done.stdout.splitlines()[1].split(",")]


def timed(command):
    """The command, saying on a file named by its first argument how long the program itself ran: recording takes longer."""
    return ["sh", "-c", 'out=$1; shift; a=$(date +%s%N); "$@"; s=$?; b=$(date +%s%N); echo $((b - a)) >"$out"; exit $s', "sh", "time", *command]


def measure(catena, program, folder, rounds):
    program.prepare(folder)
    command = [word() if callable(word) else word for word in program.command]
    command[0] = shutil.which(command[0], path=f"{folder}:/usr/bin:/bin") or command[0]
    chosen = [word for glob in program.functions for word in ("--functions", glob.replace("exe:", f"{command[0]}:"))]
    trace = folder / "t.catena"

    def once(before):
        run([*before, *timed(command)], folder)
        return int((folder / "time").read_text()) / 1e9

    samples = {"nothing": [], "count": [], "once": []}
    for _ in range(rounds):
        for side, into in samples.items():
            before = [] if side == "nothing" else [catena, "record", "-o", trace, *chosen, "--functions-mode", side, "--"]
            into.append(once(before))
            if side == "count":
                watched, = query(catena, trace, "select count(*) from functions where watched")
                called, calls = query(catena, trace, "select count(distinct function), cast(sum(count) as bigint) from function_counts")
    nothing = statistics.median(samples["nothing"])
    added = statistics.median(c - n for c, n in zip(samples["count"], samples["nothing"]))
    once_ratio = statistics.median(o / n for o, n in zip(samples["once"], samples["nothing"]))
    print(f"| {program.name} | {watched:,} | {called:,} | {calls:,} | {nothing:.2f} s | {added / max(calls, 1) * 1e9:,.0f} ns | "
          f"{statistics.median(c / n for c, n in zip(samples['count'], samples['nothing'])):.1f} × | {once_ratio:.2f} × |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./do bench programs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catena")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="rounds of each program (3)")
    parser.add_argument("--only", metavar="NAME[,NAME]", help="these programs and no others: " + ", ".join(p.name for p in PROGRAMS))
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else [program.name for program in PROGRAMS]
    unknown = [name for name in wanted if name not in [program.name for program in PROGRAMS]]
    if unknown:
        sys.exit(f"no program is called {', '.join(unknown)}; there are: {', '.join(p.name for p in PROGRAMS)}")
    catena = str(pathlib.Path(options.catena).resolve())
    print("| | functions watched | called | calls | run alone | `count` adds to a call | `count`, whole run | `once`, whole run |\n|---|---|---|---|---|---|---|---|")
    for program in PROGRAMS:
        if program.name in wanted:
            with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
                measure(catena, program, pathlib.Path(folder), options.runs)


if __name__ == "__main__":
    main()
