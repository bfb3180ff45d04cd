#include "elf/debug_files.h"

#include <lzma.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace catena::elf {
namespace {

constexpr std::size_t kMaxUnpackedBytes = std::size_t{256} << 20U;
constexpr std::uint64_t kMaxDecoderBytes = std::uint64_t{128} << 20U;
constexpr std::size_t kMinBuildIdBytes = 2;  // the first names a folder, the others a file
constexpr std::size_t kMaxBuildIdBytes = 64;

struct DebugLink {
    std::string name;
    std::uint32_t checksum = 0;
};

// The content of .gnu_debuglink: a file name, zeros up to a multiple of four, a CRC-32 of the file.
std::optional<DebugLink> debug_link(const Image& image) {
    const Section* section = image.section(".gnu_debuglink");
    if (section == nullptr) return std::nullopt;
    const std::string_view name = string_at(section->content, 0, 255);
    const auto checksum = read_at<std::uint32_t>(section->content, (name.size() + 4) & ~std::size_t{3});
    // It is a name and not a path: a program must not choose which files of the machine are opened.
    if (!checksum || name.empty() || name.find('/') != std::string_view::npos) return std::nullopt;
    return DebugLink{std::string(name), *checksum};
}

bool belongs(const Image& debug, const Image& image, const std::optional<DebugLink>& link) {
    if (!image.build_id().empty() && !debug.build_id().empty())
        return std::ranges::equal(image.build_id(), debug.build_id());
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(debug.bytes().data());
    return link && lzma_crc32(bytes, debug.bytes().size(), 0) == link->checksum;
}

std::vector<std::string> candidates(const Image& image, const std::vector<std::string>& roots,
                                    const std::optional<DebugLink>& link) {
    std::vector<std::string> paths;
    const std::size_t id_bytes = image.build_id().size();
    if (id_bytes >= kMinBuildIdBytes && id_bytes <= kMaxBuildIdBytes) {
        const std::string id = image.build_id_text();
        for (const std::string& root : roots)
            paths.push_back(root + "/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug");
    }
    if (!link) return paths;
    const std::size_t slash = image.name().rfind('/');
    const std::string folder = slash == std::string::npos ? "." : image.name().substr(0, slash);
    paths.push_back(folder + "/" + link->name);
    paths.push_back(folder + "/.debug/" + link->name);
    for (const std::string& root : roots)
        paths.push_back(root + (folder.starts_with('/') ? "" : "/") + folder + "/" + link->name);
    return paths;
}

// Unpacks an xz stream; nothing where it is broken off, damaged or too large.
std::optional<std::vector<std::byte>> unpack(std::span<const std::byte> packed) {
    lzma_stream stream = LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&stream, kMaxDecoderBytes, 0) != LZMA_OK) return std::nullopt;
    std::vector<std::byte> unpacked(std::clamp<std::size_t>(packed.size() * 4, 1U << 16U, kMaxUnpackedBytes));
    stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
    stream.avail_in = packed.size();
    lzma_ret state = LZMA_OK;
    while (state == LZMA_OK) {
        if (stream.total_out == unpacked.size()) {
            if (unpacked.size() == kMaxUnpackedBytes) break;
            unpacked.resize(std::min(unpacked.size() * 2, kMaxUnpackedBytes));
        }
        stream.next_out = reinterpret_cast<std::uint8_t*>(unpacked.data()) + stream.total_out;
        stream.avail_out = unpacked.size() - stream.total_out;
        state = lzma_code(&stream, LZMA_FINISH);
    }
    unpacked.resize(stream.total_out);
    lzma_end(&stream);
    if (state != LZMA_STREAM_END) return std::nullopt;
    return unpacked;
}

}  // namespace

std::optional<Image> open_debug_file(const Image& image, const std::vector<std::string>& roots) {
    const auto link = debug_link(image);
    for (const std::string& path : candidates(image, roots, link)) {
        if (path == image.name()) continue;
        auto debug = Image::open(path);
        if (debug && debug->machine() == image.machine() && belongs(*debug, image, link))
            return std::move(*debug);
    }
    return std::nullopt;
}

std::optional<Image> open_mini_debug_info(const Image& image) {
    const Section* section = image.section(".gnu_debugdata");
    if (section == nullptr || section->content.empty()) return std::nullopt;
    const auto unpacked = unpack(section->content);
    if (!unpacked) return std::nullopt;
    auto inner = Image::from_bytes(*unpacked, image.name() + "'s .gnu_debugdata");
    if (!inner || inner->machine() != image.machine()) return std::nullopt;
    return std::move(*inner);
}

}  // namespace catena::elf
