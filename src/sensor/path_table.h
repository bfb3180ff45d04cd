// PathTable: which file a path names, as far as the recording has told.
//
// Path operations (rename, unlink…) reach us in one of two ways. Where the kernel could be asked in the
// middle of the call, as the directory, the name in it, and the file: then the table only follows. Elsewhere
// as text from the program's memory together with the directory that the kernel says it starts from: the
// table turns them into absolute paths and into the ids of the files that were described under those paths. A
// path that nobody has described gets an entity of its own; should the kernel describe the file at that path
// later, its id becomes an alias of that entity, so that both are one node. Bounded: forgets what has not
// been used for long. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/generation_map.h"
#include "event/entity.h"

namespace catena::sensor {

class PathTable {
  public:
    PathTable();

    // The kernel described a file under a path it has now. Returns the entity its id stands for from now on.
    event::EntityId describe(const event::FileName& file);

    // The entity an id of the kernel stands for: itself, or the one it is an alias of.
    event::EntityId resolve(event::EntityId id);

    // An absolute path from text in a program and the directory it starts from. Links in directories are
    // followed where the path starts at our own root. Text whose directory is unknown stays relative.
    std::string absolute(event::EntityId directory, std::string_view text);

    // The path of a directory's entry, as the kernel names both. Only the name where the directory is not
    // known.
    std::string entry(event::EntityId directory, std::string_view name);

    struct Named {
        event::FileName file;
        bool is_new = false;  // an entity made for this path just now, of the kind given
    };
    // The entity at a path, with what is known of its inode.
    Named at(const std::string& path, event::FileKind kind_if_new);

    // The same where the kernel says which file is at the path.
    Named is(const std::string& path, event::EntityId id, event::FileKind kind_if_unknown);

    // Returns the files below a directory, with the paths that they have now.
    std::vector<event::FileName> rename(const std::string& from, const std::string& to);
    void exchange(const std::string& a, const std::string& b);
    void link(const std::string& path, const event::FileName& file);
    void remove(const std::string& path);

    [[nodiscard]] std::uint64_t forgotten() const { return by_path_.forgotten() + directories_.forgotten(); }

  private:
    // What is known of a file but for its path, which is the key.
    struct Entry {
        event::EntityId id;
        std::uint64_t inode = 0;
        std::uint32_t dev = 0;
        std::uint32_t generation = 0;
        event::FileKind kind = event::FileKind::Unknown;
        bool described = false;  // by the kernel; otherwise made from the path alone
    };
    static Entry entry_of(const event::FileName& file, bool described) {
        return {file.id, file.inode, file.dev, file.generation, file.kind, described};
    }
    static event::FileName named_by(const Entry& entry);
    void put(const std::string& path, Entry entry);
    std::string real_directory(const std::string& directory);
    std::vector<event::FileName> move_below(const std::string& from, const std::string& to);
    void forget_links_below(const std::string& path);

    base::GenerationMap<std::string, Entry> by_path_;
    base::GenerationMap<event::EntityId, Entry> facts_;              // of each described file
    base::GenerationMap<event::EntityId, std::string> directories_;  // where each described directory is
    base::GenerationMap<event::EntityId, event::EntityId> aliases_;
    base::GenerationMap<std::string, std::string> real_directories_;  // with links followed
};

}  // namespace catena::sensor
