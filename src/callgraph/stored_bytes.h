// What a cache keeps in a file: a header that says what it is, and a hash of all that follows.
//
// What is damaged, cut short, of another kind or version, or owned by another user counts as not there. It is
// written under another name and renamed, so that no reader sees half of it, and any number of processes may
// use one folder. Numbers are as they are in memory: a cache does not leave its machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace catena::callgraph {

// Not against those who would make two contents of one hash: whoever may write to the cache may write
// anything. Two contents that differ in one word never have the same.
[[nodiscard]] std::uint64_t hash_of(std::span<const std::byte> bytes);

class ByteWriter {
  public:
    void number(std::uint64_t value) { append(&value, sizeof value); }
    void text(const std::string& value) {
        number(value.size());
        append(value.data(), value.size());
    }
    void texts(const std::vector<std::string>& values) {
        number(values.size());
        for (const std::string& each : values) text(each);
    }
    template <class T>
        requires std::is_trivially_copyable_v<T>
    void list(const std::vector<T>& values) {
        number(values.size());
        append(values.data(), values.size() * sizeof(T));
    }
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    void append(const void* data, std::size_t size) {
        const auto* from = static_cast<const std::byte*>(data);
        bytes_.insert(bytes_.end(), from, from + size);
    }

    std::vector<std::byte> bytes_;
};

// Reads what ByteWriter wrote; once it has failed, it gives nothing but zeros. What it makes is at most a few
// times as large as the bytes.
class ByteReader {
  public:
    explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
    void fail() { failed_ = true; }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool at_end() const { return !failed_ && bytes_.empty(); }

    std::uint64_t number() {
        std::uint64_t value = 0;
        take(&value, sizeof value);
        return value;
    }
    // One that is `most` at most; else it has failed.
    std::uint64_t number_up_to(std::uint64_t most);
    // A length of a list whose elements take at least so many bytes.
    std::size_t length(std::size_t element_bytes);
    std::string text() {
        std::string value(length(1), '\0');
        take(value.data(), value.size());
        return value;
    }
    std::vector<std::string> texts();
    template <class T>
        requires std::is_trivially_copyable_v<T>
    std::vector<T> list() {
        std::vector<T> values(length(sizeof(T)));
        take(values.data(), values.size() * sizeof(T));
        return values;
    }

  private:
    void take(void* to, std::size_t size);

    std::span<const std::byte> bytes_;
    bool failed_ = false;
};

// What a file holds.
struct StoredKind {
    std::array<char, 8> name{};
    std::uint32_t version = 0;
    std::uint32_t layout = 0;  // what else has to be the same: sizes of structures
};

// What was stored at a path, without its header.
[[nodiscard]] std::optional<std::vector<std::byte>> read_stored(const std::string& path, StoredKind kind);

// Makes the folders that are missing. Failing to write is not told: the next run is as slow as this one.
void write_stored(const std::string& path, StoredKind kind, std::span<const std::byte> content);

}  // namespace catena::callgraph
