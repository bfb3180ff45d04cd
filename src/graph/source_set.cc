// Sources are numbered in the order in which they come up, and those that come up together spread together,
// so that most of the 64 bits of a word are used.
#include "graph/source_set.h"

namespace catena::graph {

SourceSet::Words::Words(std::vector<Word> content, Memory of)
    : list(std::move(content)), memory(std::move(of)) {
    *memory += sizeof(Words) + list.size() * sizeof(Word);
}

SourceSet::Words::~Words() { *memory -= sizeof(Words) + list.size() * sizeof(Word); }

SourceSet SourceSet::of(std::uint32_t number, const Memory& memory) {
    return SourceSet(std::make_shared<const Words>(
        std::vector<Word>{{.place = number / 64, .bits = std::uint64_t{1} << (number % 64)}}, memory));
}

bool SourceSet::holds_all_of(const SourceSet& other) const {
    if (other.words_ == nullptr || words_ == other.words_) return true;
    if (words_ == nullptr || words_->list.size() < other.words_->list.size()) return false;
    auto mine = words_->list.begin();
    for (const Word& word : other.words_->list) {
        while (mine != words_->list.end() && mine->place < word.place) ++mine;
        if (mine == words_->list.end() || mine->place != word.place || (word.bits & ~mine->bits) != 0)
            return false;
    }
    return true;
}

SourceSet SourceSet::joined_with(const SourceSet& other, const Memory& memory) const {
    if (holds_all_of(other)) return *this;
    if (other.holds_all_of(*this)) return other;
    const std::vector<Word>& a = words_->list;
    const std::vector<Word>& b = other.words_->list;
    std::vector<Word> both;
    both.reserve(a.size() + b.size());
    for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
        if (j == b.size() || (i < a.size() && a[i].place < b[j].place)) {
            both.push_back(a[i++]);
        } else if (i == a.size() || b[j].place < a[i].place) {
            both.push_back(b[j++]);
        } else {
            both.push_back({.place = a[i].place, .bits = a[i].bits | b[j].bits});
            ++i, ++j;
        }
    }
    both.shrink_to_fit();
    return SourceSet(std::make_shared<const Words>(std::move(both), memory));
}

}  // namespace catena::graph
