/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Starts and ends processes that do nothing, one after the other: storm [COUNT], 1,000,000 if none is given. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long left = argc > 1 ? atol(argv[1]) : 1000000;

	while (left-- > 0) {
		pid_t child = vfork();

		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return 1;
	}
	return 0;
}
