/* called FUNCTION CALLS [A_SECOND]: calls a function so often, and says the nanoseconds that a call took; with A_SECOND at that pace.
 * FUNCTION is "pushes", whose first instruction the kernel emulates, "nops", whose first one it optimises, or "compiled", which
 * begins with a push too, and can be instrumented by the compiler. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void pushes(void);
void nops(void);
__asm__(".text\n"
	".globl pushes\n.type pushes, @function\npushes: push %rbx\npop %rbx\nret\n.size pushes, .-pushes\n"
	".globl nops\n.type nops, @function\nnops: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00\nret\n.size nops, .-nops\n");

__attribute__((noinline)) void compiled(void)
{
	__asm__ volatile("" ::: "rbx");
}

/* Not to be instrumented: where all is, it is not what is measured. */
__attribute__((no_instrument_function)) static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "pushes";
	void (*function)(void) = !strcmp(name, "nops") ? nops : !strcmp(name, "compiled") ? compiled : pushes;
	long calls = argc > 2 ? atol(argv[2]) : 1000000;
	double pace = argc > 3 ? atof(argv[3]) : 0, began = now();

	for (long i = 0; i < calls; i++) {
		function();
		if (pace > 0 && i % 256 == 0)
			while (i > (now() - began) * pace)
				;
	}
	printf("%.1f\n", (now() - began) / calls * 1e9);
	return 0;
}
