/* called FUNCTION CALLS [A_SECOND]: calls a function so often, and says the nanoseconds that a call took; with A_SECOND at that pace.
 * FUNCTION is "pushes", whose first instruction the kernel emulates, or "nops", whose first one it optimises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void pushes(void);
void nops(void);
__asm__(".text\n"
	".globl pushes\n.type pushes, @function\npushes: push %rbx\npop %rbx\nret\n.size pushes, .-pushes\n"
	".globl nops\n.type nops, @function\nnops: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00\nret\n.size nops, .-nops\n");

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	void (*function)(void) = argc > 1 && strcmp(argv[1], "nops") == 0 ? nops : pushes;
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
