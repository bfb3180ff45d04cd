#include "event/entity.h"

#include <sys/stat.h>

#include <initializer_list>

namespace catena::event {

const Attribution& attribution_of(const ProcessImage& image) {
    static const Attribution kNothingKnown;
    return image.attribution ? *image.attribution : kNothingKnown;
}

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

FileKind kind_of_mode(std::uint32_t mode) {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return FileKind::Regular;
        case S_IFDIR:
            return FileKind::Directory;
        case S_IFLNK:
            return FileKind::Symlink;
        case S_IFCHR:
            return FileKind::CharDevice;
        case S_IFBLK:
            return FileKind::BlockDevice;
        case S_IFIFO:
            return FileKind::Fifo;
        default:
            return FileKind::Unknown;
    }
}

}  // namespace catena::event

std::size_t std::hash<catena::event::Attribution>::operator()(
    const catena::event::Attribution& attribution) const noexcept {
    constexpr std::size_t kGolden = 0x9e3779b97f4a7c15;
    std::size_t sum = attribution.session ^ std::size_t{attribution.mount_ns} << 32U;
    for (const std::string* text : {&attribution.user, &attribution.cgroup.unit,
                                    &attribution.cgroup.user_unit, &attribution.cgroup.container})
        sum = (sum + std::hash<std::string>()(*text)) * kGolden;
    return sum;
}
