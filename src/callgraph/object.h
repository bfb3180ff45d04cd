// Object: one ELF file that a program has in memory when it runs, or can have later, with why it is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callgraph/dynamic.h"
#include "callgraph/dynamic_symbols.h"
#include "elf/image.h"

namespace catena::callgraph {

// Which object of a Loaded: its index there. The program itself is the first.
enum class ObjectId : std::uint32_t {};
inline constexpr ObjectId kProgram{0};
[[nodiscard]] constexpr std::size_t index_of(ObjectId id) { return static_cast<std::size_t>(id); }

// Why an object is loaded.
enum class LoadReason : std::uint8_t {
    Program,      // the file that is analysed
    Interpreter,  // PT_INTERP names it
    Preload,      // LD_PRELOAD, or a line of /etc/ld.so.preload
    Needed,       // DT_NEEDED
    Filter,       // DT_FILTER or DT_AUXILIARY
    Nss,          // a module that nsswitch.conf names
    Pam,          // a module that pam.d names
    Gconv,        // a converter of character sets
    Openssl,      // a provider or an engine
    Dlopen,       // the code opens it by this name
    User,         // the user named it
};
[[nodiscard]] std::string_view to_string(LoadReason reason);

// One who asked for an object.
struct Request {
    LoadReason reason = LoadReason::Program;
    std::optional<ObjectId>
        by;            // nobody: the program itself, preloading, and what configuration or users name
    std::string name;  // as asked for: "libc.so.6"
    std::string why;   // where configuration decides, which line: "/etc/nsswitch.conf: passwd"
};

// The rule by which a file was found, in the words of ld.so(8).
enum class FoundBy : std::uint8_t {
    Path,         // the name has a slash: it is the path
    Rpath,        // DT_RPATH, of the one who asks or of those who loaded it
    LibraryPath,  // LD_LIBRARY_PATH
    Runpath,      // DT_RUNPATH of the one who asks
    Cache,        // /etc/ld.so.cache
    Default,      // the loader's own folders
};
[[nodiscard]] std::string_view to_string(FoundBy rule);

struct Object {
    Object(std::string where, std::string opened, elf::Image content);

    // Where the loader finds it, as the loader writes it: without the root folder, symbolic links unresolved.
    std::string path;
    std::string file;  // what was opened for it: with the root folder
    elf::Image image;
    Dynamic dynamic;         // views into the image
    DynamicSymbols symbols;  // views into the image
    FoundBy found_by = FoundBy::Path;
    // The folder of glibc-hwcaps that it comes from ("x86-64-v3"); empty for most. Another machine may take
    // another file: Loaded::variants has those.
    std::string hwcaps;
    std::vector<Request> requests;  // who asked, the one that loaded it first
    // What it needs, in its own order; what is missing is not there.
    std::vector<ObjectId> needed;
    // The one whose DT_NEEDED loaded it first: RPATHs are inherited along these.
    std::optional<ObjectId> loader;
    // The one that was opened by itself, and with which this one came: the program, or an additional object.
    // A symbol is looked for in the global scope, then among what came with this one.
    ObjectId opened_with = kProgram;

    [[nodiscard]] bool additional() const { return opened_with != kProgram; }
};

}  // namespace catena::callgraph
