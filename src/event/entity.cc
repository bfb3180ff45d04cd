#include "event/entity.h"

namespace catena::event {

std::string_view to_string(EntityType type) {
    switch (type) {
        case EntityType::Process:
            return "process";
        case EntityType::File:
            return "file";
        case EntityType::Socket:
            return "socket";
        case EntityType::Pipe:
            return "pipe";
        case EntityType::Memory:
            return "memory";
        case EntityType::User:
            return "user";
    }
    return "file";
}

std::string_view to_string(FileKind kind) {
    switch (kind) {
        case FileKind::Unknown:
            return "unknown";
        case FileKind::Regular:
            return "regular";
        case FileKind::Directory:
            return "directory";
        case FileKind::Symlink:
            return "symlink";
        case FileKind::CharDevice:
            return "char";
        case FileKind::BlockDevice:
            return "block";
        case FileKind::Fifo:
            return "fifo";
    }
    return "unknown";
}

}  // namespace catena::event
