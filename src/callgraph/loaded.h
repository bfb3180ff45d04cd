// Loaded: a program with all that its loader maps for it, and what it may open later, by the loader's own
// rules (ld.so(8) for glibc; musl's are simpler). Nothing is run.
//
// One owner, one thread while objects are added; objects never move or go once they are there, so references
// and ids stay valid. What is missing or broken is no error of the whole: it is in missing(), with who asked
// for it. At most kMaxObjects are loaded; what would be more is in doubts().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "callgraph/later.h"
#include "callgraph/library_search.h"
#include "callgraph/object.h"
#include "callgraph/root.h"

namespace catena::callgraph {

inline constexpr std::size_t kMaxObjects = 4096;

struct LoadOptions {
    std::string root;          // the folder that is "/" for the program; empty: this machine's
    std::string library_path;  // LD_LIBRARY_PATH; ignored for set-user-id programs, as the loader does
    std::string preload;       // LD_PRELOAD
    bool preload_file = true;  // /etc/ld.so.preload
    // The x86-64 level, 1 to 4, by which glibc-hwcaps folders are chosen; nothing: this machine's.
    std::optional<unsigned> isa_level;
    // Where all that is asked of the file system is noted; it has to live as long as what is loaded.
    FileAnswers* noted = nullptr;
};

enum class ProgramKind : std::uint8_t {
    Dynamic,    // has an interpreter
    Static,     // at a fixed address, loads nothing by itself
    StaticPie,  // the same, anywhere
    Library,    // no program: analysed as if it had been opened first
};

enum class LoaderKind : std::uint8_t { Glibc, Musl };

// A library that somebody asked for and that the loader would not find or not take.
struct Missing {
    std::string name;
    std::vector<Request> requests;
    std::string detail;  // a sentence: what was found instead, if anything
};

class Loaded {
  public:
    // `program` is a path inside the root (or of the host, where it lies in the root's folder). BadInput,
    // NotFound, NotPermitted, NotSupported: of the program itself (no ELF file, another machine's, not
    // linked).
    [[nodiscard]] static base::Result<Loaded> load(const std::string& program, const LoadOptions& options);

    // One file alone, without what it needs, as a Library: for what is asked of the file itself.
    // NotSupported, BadInput.
    [[nodiscard]] static base::Result<Loaded> alone(elf::Image image);

    [[nodiscard]] ProgramKind kind() const { return kind_; }
    [[nodiscard]] LoaderKind loader_kind() const { return loader_kind_; }
    // The object that PT_INTERP names; nothing for static programs and where it is missing.
    [[nodiscard]] std::optional<ObjectId> interpreter() const { return interpreter_; }
    [[nodiscard]] std::size_t size() const { return objects_.size(); }
    [[nodiscard]] const Object& object(ObjectId id) const { return *objects_[index_of(id)]; }
    [[nodiscard]] const Object& program() const { return object(kProgram); }
    // In the order in which they are loaded: the program, what it needs breadth-first, then each additional
    // object followed by what came with it.
    [[nodiscard]] std::vector<ObjectId> ids() const;
    // The scope of a dlopen, breadth-first: for the program the global scope (without its interpreter where
    // nobody needs that), for an additional object what it needs, itself first. Valid until more is added.
    [[nodiscard]] std::span<const ObjectId> scope(ObjectId opened) const;

    // Opens what may be loaded later, and what it needs. The same object twice gives the same id, with one
    // request more. NotFound: it is missing (and now in missing()).
    base::Result<ObjectId> add(const Later& later);
    // What dlopen(name) would open when `by` calls it: its RPATH, RUNPATH and $ORIGIN count.
    base::Result<ObjectId> resolve_dlopen(const std::string& name, ObjectId by);

    [[nodiscard]] std::span<const Missing> missing() const { return missing_; }
    // Sentences on what could not be shown: audit libraries, a cache that is broken, more objects than are
    // loaded.
    [[nodiscard]] std::span<const std::string> doubts() const { return doubts_; }
    // Files that another processor would load in place of one that is here (glibc-hwcaps), as paths inside
    // the root: what is chosen here is right for this level only.
    [[nodiscard]] std::span<const std::string> variants() const { return variants_; }
    [[nodiscard]] unsigned isa_level() const { return search_.isa_level(); }
    [[nodiscard]] const Root& root() const { return search_.root(); }
    // An object by its file name or DT_SONAME ("libc.so.6"); nothing where none is loaded.
    [[nodiscard]] std::optional<ObjectId> find(std::string_view name) const;

  private:
    explicit Loaded(LibrarySearch search) : search_(std::move(search)) {}
    void load_interpreter();
    void load_preloads(const LoadOptions& options, std::vector<ObjectId>& scope);
    void open_scope(ObjectId opened, std::vector<ObjectId> scope);
    void add_dependencies(ObjectId of, std::size_t& at, std::vector<ObjectId>& scope);
    std::optional<ObjectId> map(Request request, bool may_be_missing = false);
    std::optional<ObjectId> known(const std::string& name) const;
    std::optional<ObjectId> insert(FoundFile found, const Request& request);
    void note_missing(const Request& request, std::string detail);
    void note_variants(const Object& object);

    LibrarySearch search_;
    ProgramKind kind_ = ProgramKind::Dynamic;
    LoaderKind loader_kind_ = LoaderKind::Glibc;
    std::optional<ObjectId> interpreter_;
    std::vector<std::unique_ptr<Object>> objects_;
    std::vector<std::vector<ObjectId>> scopes_;  // by object; empty for those that came with another
    std::vector<Missing> missing_;
    std::vector<std::string> doubts_;
    std::vector<std::string> variants_;
};

}  // namespace catena::callgraph
