#include "store/duckdb/functions.h"

#include <dlfcn.h>

#include <string>

namespace catena::store::duckdb {

// NOLINTNEXTLINE(bugprone-macro-parentheses): a name that is defined
#define CATENA_DEFINE(NAME) constinit decltype(&::NAME) NAME = nullptr;
CATENA_DUCKDB_FUNCTIONS(CATENA_DEFINE)
#undef CATENA_DEFINE

namespace {

template <class Function>
bool find(void* library, const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(::dlsym(library, name));
    return function != nullptr;
}

base::Status load() {
    const auto failure = [] {
        const char* reason = ::dlerror();
        return base::fail(base::ErrorCode::NotSupported,
                          std::string("DuckDB's library cannot be loaded: ") +
                              (reason != nullptr ? reason : "it lacks a function") +
                              "; libduckdb.so belongs beside catena");
    };
    // Never unloaded: it has threads.
    void* library = ::dlopen("libduckdb.so", RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) return failure();
#define CATENA_FIND(NAME) \
    if (!find(library, #NAME, NAME)) return failure();
    CATENA_DUCKDB_FUNCTIONS(CATENA_FIND)
#undef CATENA_FIND
    return {};
}

}  // namespace

base::Status load_functions() {
    static const base::Status status = load();
    return status;
}

}  // namespace catena::store::duckdb
