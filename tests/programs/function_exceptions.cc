// Leaves functions by C++ exceptions, and prints the tree of calls as the compiler's own hooks
// (-finstrument-functions, which run as an exception passes, too) saw it: a line a path, "a;b;c N", as
// `catena functions tree --format folded` does.
#include <cstdio>
#include <stdexcept>

#define HIDDEN __attribute__((no_instrument_function))
#define SHOWN extern "C" __attribute__((noinline, used))

SHOWN void t_leaf(int n);
SHOWN void t_throw(int n);
SHOWN void t_cleaned(int n);
SHOWN void t_catch(int n);
SHOWN void t_again(int n);
SHOWN void t_around(int n);

namespace {

struct Known {
    void (*function)(int);
    const char* name;
};
constexpr Known kKnown[] = {{t_leaf, "t_leaf"},   {t_throw, "t_throw"}, {t_cleaned, "t_cleaned"},
                            {t_catch, "t_catch"}, {t_again, "t_again"}, {t_around, "t_around"}};

// A fixed room, so that the hooks call nothing that is hooked.
const char* open_calls[64];
int depth = 0;
char paths[256][256];
long calls[256];
volatile long sink;

HIDDEN void count(const char* path) {
    for (int i = 0; i < 256; ++i) {
        if (calls[i] != 0 && __builtin_strcmp(paths[i], path) != 0) continue;
        __builtin_strcpy(paths[i], path);
        ++calls[i];
        return;
    }
}

HIDDEN bool is_known(void* function, const char** name) {
    for (const Known& known : kKnown) {
        if (reinterpret_cast<void*>(known.function) != function) continue;
        *name = known.name;
        return true;
    }
    return false;
}

// Calls a function as the stack is unwound.
struct Cleaner {
    HIDDEN ~Cleaner() { t_leaf(1); }
};

}  // namespace

// The names are the compiler's. NOLINTBEGIN(readability-identifier-naming)
extern "C" HIDDEN void __cyg_profile_func_enter(void* function, void*) {
    const char* name = nullptr;
    if (!is_known(function, &name)) return;
    open_calls[depth++] = name;
    char path[256] = "";
    for (int i = 0; i < depth; ++i) {
        if (i != 0) __builtin_strcat(path, ";");
        __builtin_strcat(path, open_calls[i]);
    }
    count(path);
}

extern "C" HIDDEN void __cyg_profile_func_exit(void* function, void*) {
    const char* name = nullptr;
    if (is_known(function, &name)) --depth;
}
// NOLINTEND(readability-identifier-naming)

SHOWN void t_leaf(int n) { sink = sink + n; }

SHOWN void t_throw(int n) {
    if (n == 0) throw std::runtime_error("out of all of them");
    t_leaf(n);
    t_throw(n - 1);
    t_leaf(n);
}

SHOWN void t_cleaned(int n) {
    const Cleaner cleaner;
    t_throw(n);
}

SHOWN void t_catch(int n) {
    try {
        t_cleaned(n);
    } catch (const std::runtime_error&) {
        t_leaf(n);
    }
    t_leaf(n);
}

SHOWN void t_again(int n) {
    try {
        t_throw(n);
    } catch (...) {
        t_leaf(n);
        throw;
    }
}

SHOWN void t_around(int n) {
    t_catch(n);
    try {
        t_again(n);
    } catch (const std::exception&) {
        t_catch(n);
    }
    t_leaf(n);
}

HIDDEN int main() {
    for (int n = 0; n < 10; ++n) t_around(n);
    for (int i = 0; i < 256 && calls[i] != 0; ++i) std::printf("%s %ld\n", paths[i], calls[i]);
    return 0;
}
