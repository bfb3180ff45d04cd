// LibrarySearch: which file the loader takes for a name, by the rules of ld.so(8) in their order.
//
// Keeps the parsed cache. Does not change after it was made, save for the default folders, which the
// interpreter decides.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "callgraph/ld_cache.h"
#include "callgraph/object.h"
#include "callgraph/root.h"
#include "elf/image.h"

namespace catena::callgraph {

// A file that the loader would take.
struct FoundFile {
    std::string path;  // inside the root, as the loader writes it
    std::string file;  // to open
    elf::Image image;
    FoundBy found_by = FoundBy::Path;
    std::string hwcaps;
};

// The objects whose folders count, innermost first: the one who asks, the one who loaded that, up to the
// program.
using LoaderChain = std::vector<const Object*>;

struct SearchOptions {
    std::string library_path;
    unsigned isa_level = 1;
    bool secure = false;  // a set-user-id program: the environment does not count
};

class LibrarySearch {
  public:
    LibrarySearch() = default;  // without a cache: for what never searches
    LibrarySearch(Root root, SearchOptions options);

    // Takes default folders and search rules from the interpreter itself: distributions build them in.
    void use_glibc(const elf::Image* interpreter);
    void use_musl(const std::string& interpreter_path);
    [[nodiscard]] bool musl() const { return musl_; }

    // The error (NotFound) says what was found and not taken, or is empty. `program` is whose RPATH counts
    // always.
    [[nodiscard]] base::Result<FoundFile> find(const std::string& name, const LoaderChain& chain,
                                               const Object& program) const;
    // $ORIGIN, $LIB and $PLATFORM replaced; empty where the loader would not take it.
    [[nodiscard]] std::string expand(std::string_view text, const std::string& origin) const;

    [[nodiscard]] const Root& root() const { return root_; }
    [[nodiscard]] unsigned isa_level() const { return options_.isa_level; }
    [[nodiscard]] bool secure() const { return options_.secure; }
    [[nodiscard]] const LdCache& cache() const { return cache_; }
    // What was wrong with the cache; empty where nothing was.
    [[nodiscard]] const std::string& cache_problem() const { return cache_problem_; }

  private:
    struct Attempt;
    [[nodiscard]] std::optional<FoundFile> try_file(const std::string& path, FoundBy rule,
                                                    Attempt& attempt) const;
    [[nodiscard]] std::optional<FoundFile> try_folders(std::string_view list, const std::string& origin,
                                                       FoundBy rule, Attempt& attempt) const;
    [[nodiscard]] std::optional<FoundFile> try_folder(const std::string& folder, FoundBy rule,
                                                      Attempt& attempt) const;
    [[nodiscard]] std::optional<FoundFile> try_rpaths(const LoaderChain& chain, const Object& program,
                                                      Attempt& attempt) const;
    [[nodiscard]] std::optional<FoundFile> try_cache(bool no_default_folders, Attempt& attempt) const;
    [[nodiscard]] std::optional<FoundFile> find_glibc(const LoaderChain& chain, const Object& program,
                                                      Attempt& attempt) const;
    [[nodiscard]] std::optional<FoundFile> find_musl(const LoaderChain& chain, Attempt& attempt) const;

    Root root_;
    SearchOptions options_;
    LdCache cache_;
    std::string cache_problem_;
    bool musl_ = false;
    std::vector<std::string> default_folders_;
    std::vector<std::string> subfolders_;  // tried in each folder, before it itself
};

// The level of the processor that this runs on, 1 to 4, as glibc counts it.
[[nodiscard]] unsigned this_isa_level();

}  // namespace catena::callgraph
