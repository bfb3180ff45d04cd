// stable_sort: sorting that keeps the order of what is equal. libstdc++'s own uses a buffer that C++17 has
// deprecated, which clang-tidy refuses wherever it is instantiated.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace catena::base {

// By `key` of each item, a member or a function, smallest first.
template <class T, class Key>
void stable_sort(std::vector<T>& items, Key key) {
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(std::invoke(key, items[i]), i); });
    std::vector<T> sorted;
    sorted.reserve(items.size());
    for (const std::size_t i : order) sorted.push_back(std::move(items[i]));
    items = std::move(sorted);
}

}  // namespace catena::base
