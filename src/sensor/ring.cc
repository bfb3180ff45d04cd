#include "sensor/ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace catena::sensor {
namespace {

// Both only grow, and are shared with the kernel.
std::uint64_t load(const std::uint64_t* position) {
    // A const atomic_ref comes with C++26 only.
    return std::atomic_ref(*const_cast<std::uint64_t*>(position)).load(std::memory_order_acquire);
}

void store(std::uint64_t* position, std::uint64_t value) {
    std::atomic_ref(*position).store(value, std::memory_order_release);
}

std::uint32_t load_head(const std::byte* at) {
    auto* head = reinterpret_cast<std::uint32_t*>(const_cast<std::byte*>(at));
    return std::atomic_ref(*head).load(std::memory_order_acquire);
}

}  // namespace

base::Status Ring::map(int map, std::size_t bytes) {
    bytes_ = bytes;
    page_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* consumer = ::mmap(nullptr, page_, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
    if (consumer == MAP_FAILED) return base::fail_errno("mapping the ring buffer");
    consumer_page_ = consumer;
    void* producer = ::mmap(nullptr, page_ + bytes_, PROT_READ, MAP_SHARED, map, static_cast<off_t>(page_));
    if (producer == MAP_FAILED) return base::fail_errno("mapping the ring buffer's data");
    producer_pages_ = producer;
    consumed_ = static_cast<std::uint64_t*>(consumer);
    produced_ = static_cast<const std::uint64_t*>(producer);
    data_ = static_cast<const std::byte*>(producer) + page_;
    return {};
}

Ring::~Ring() {
    if (consumer_page_ != nullptr) ::munmap(consumer_page_, page_);
    if (producer_pages_ != nullptr) ::munmap(producer_pages_, page_ + bytes_);
}

std::span<const std::byte> Ring::record_at(std::uint64_t position, std::size_t length) {
    const std::size_t offset = position & (bytes_ - 1);
    const std::span data(data_, bytes_);
    const std::size_t before_end = std::min(length, bytes_ - offset);
    const auto head = data.subspan(offset, before_end);
    if (before_end == length) return head;
    const auto tail = data.first(length - before_end);
    joined_.assign(head.begin(), head.end());
    joined_.insert(joined_.end(), tail.begin(), tail.end());
    return joined_;
}

bool Ring::consume(const Visitor& visit) {
    std::uint64_t at = load(consumed_);
    for (std::uint64_t end = load(produced_); at < end; end = load(produced_)) {
        while (at < end) {
            const std::uint32_t head = load_head(data_ + (at & (bytes_ - 1)));
            if ((head & BPF_RINGBUF_BUSY_BIT) != 0) return false;  // somebody is still writing it
            const std::size_t length = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
            const bool stop =
                (head & BPF_RINGBUF_DISCARD_BIT) == 0 && !visit(record_at(at + BPF_RINGBUF_HDR_SZ, length));
            at += (length + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
            store(consumed_, at);
            if (stop) return true;
        }
    }
    return false;
}

double Ring::fill() const {
    const std::uint64_t consumed = load(consumed_);
    return static_cast<double>(load(produced_) - consumed) / static_cast<double>(bytes_);
}

}  // namespace catena::sensor
