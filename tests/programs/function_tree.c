// Calls functions in all the ways in which stack pointers mislead, and prints the tree of calls as the compiler's own hooks
// (-finstrument-functions) saw it: a line a path, "a;b;c N", as `catena functions tree --format folded` does.
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define HIDDEN __attribute__((no_instrument_function))
#define SHOWN __attribute__((noinline, noclone, used))
#define MOST_PATHS 1024
#define MOST_DEPTH 64
#define STACK (256 << 10)

void t_leaf(int n), t_recurse(int n), t_jump(void), t_deep(int n), t_raise(void), t_handler(int number), t_switch(void), t_coroutine(void),
	t_thread(void), t_after(void), t_large(int n), t_many(int a, int b, int c, int d, int e, int f, int g, int h, int i),
	t_arguments(int n);

static const struct {
	void *address;
	const char *name;
} functions[] = {
	{ t_leaf, "t_leaf" },	  { t_recurse, "t_recurse" }, { t_jump, "t_jump" },	{ t_deep, "t_deep" },
	{ t_raise, "t_raise" },	  { t_handler, "t_handler" }, { t_switch, "t_switch" }, { t_coroutine, "t_coroutine" },
	{ t_thread, "t_thread" }, { t_after, "t_after" },     { t_large, "t_large" }, { t_many, "t_many" }, { t_arguments, "t_arguments" },
};

struct shadow {
	const char *name[MOST_DEPTH];
	int depth;
};
static __thread struct shadow own;
static struct shadow coroutine;
static __thread struct shadow *shadow;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	char path[512];
	long calls;
} paths[MOST_PATHS];
static volatile long sink;

HIDDEN void __cyg_profile_func_enter(void *function, void *site);
HIDDEN void __cyg_profile_func_exit(void *function, void *site);

HIDDEN void __cyg_profile_func_enter(void *function, void *site)
{
	char path[512] = "";
	int i;

	(void)site;
	if (!shadow)
		shadow = &own;
	for (i = 0; i < (int)(sizeof(functions) / sizeof(functions[0])); i++)
		if (functions[i].address == function)
			shadow->name[shadow->depth++] = functions[i].name;
	for (i = 0; i < shadow->depth; i++) {
		strcat(path, i ? ";" : "");
		strcat(path, shadow->name[i]);
	}
	pthread_mutex_lock(&lock);
	for (i = 0; i < MOST_PATHS && paths[i].calls && strcmp(paths[i].path, path) != 0; i++)
		;
	if (i < MOST_PATHS) {
		strcpy(paths[i].path, path);
		paths[i].calls++;
	}
	pthread_mutex_unlock(&lock);
}

HIDDEN void __cyg_profile_func_exit(void *function, void *site)
{
	(void)function;
	(void)site;
	shadow->depth--;
}

SHOWN void t_leaf(int n) { sink += n; }

SHOWN void t_after(void) { sink++; }

SHOWN void t_recurse(int n)
{
	t_leaf(n);
	if (n > 0) {
		t_recurse(n - 1);
		t_recurse(n - 2);
	}
	t_leaf(n);
}

// Its frame is large, but not as far away as another stack.
SHOWN void t_large(int n)
{
	volatile char room[200000];

	room[n] = 1;
	t_leaf(room[n]);
}

// More arguments than there are registers for: the rest is pushed for each call.
SHOWN void t_many(int a, int b, int c, int d, int e, int f, int g, int h, int i)
{
	sink += a + b + c + d + e + f + g + h + i;
	t_leaf(i);
}

SHOWN void t_arguments(int n)
{
	t_leaf(n);
	t_many(n, 2, 3, 4, 5, 6, 7, 8, 9);
	t_after();
	t_many(n, 1, 3, 4, 5, 6, 7, 8, 10);
	t_after();
}

static jmp_buf back;

SHOWN void t_deep(int n)
{
	if (n < 0)
		return;
	if (n == 0)
		longjmp(back, 1);
	t_deep(n - 1);
	t_leaf(n);
}

SHOWN void t_jump(void)
{
	// The hooks do not see what longjmp leaves.
	volatile int depth = shadow->depth;

	if (setjmp(back) == 0)
		t_deep(5);
	shadow->depth = depth;
	t_after();
}

SHOWN void t_handler(int number)
{
	t_leaf(number);
	t_recurse(1);
}

SHOWN void t_raise(void)
{
	raise(SIGUSR1);
	t_after();
}

static ucontext_t here, there;

SHOWN void t_coroutine(void)
{
	for (int i = 0; i < 3; i++) {
		t_leaf(i);
		shadow = &own;
		swapcontext(&there, &here);
		shadow = &coroutine;
		t_recurse(1);
	}
}

HIDDEN static void on_other_stack(void)
{
	// It begins where it was first gone to.
	coroutine = own;
	shadow = &coroutine;
	t_coroutine();
	shadow = &own;
}

SHOWN void t_switch(void)
{
	swapcontext(&here, &there);
	t_after();
	swapcontext(&here, &there);
	t_after();
}

SHOWN void t_thread(void)
{
	t_recurse(4);
	t_large(3);
	t_after();
}

HIDDEN static void *run(void *nothing)
{
	for (int i = 0; i < 50; i++)
		t_thread();
	return nothing;
}

HIDDEN static void *stack_of(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

HIDDEN static void handle_on(char *stack, int flags)
{
	struct sigaction action = { .sa_handler = t_handler, .sa_flags = flags };
	stack_t alternate = { .ss_sp = stack, .ss_size = STACK };

	sigaltstack(&alternate, NULL);
	sigaction(SIGUSR1, &action, NULL);
}

HIDDEN int main(void)
{
	// Far from each other and from all other stacks.
	char *stacks = stack_of(64 << 20);
	pthread_t threads[8];

	t_recurse(3);
	t_large(1);
	t_arguments(2);
	t_jump();
	handle_on(stacks + (16 << 20), 0);
	t_raise();
	handle_on(stacks + (16 << 20), SA_ONSTACK);
	t_raise();
	t_raise();
	getcontext(&there);
	there.uc_stack.ss_sp = stacks + (32 << 20);
	there.uc_stack.ss_size = STACK;
	there.uc_link = &here;
	makecontext(&there, on_other_stack, 0);
	t_switch();
	t_recurse(2);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, run, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < MOST_PATHS && paths[i].calls; i++)
		printf("%s %ld\n", paths[i].path, paths[i].calls);
	return 0;
}
