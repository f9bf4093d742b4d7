// One row by AVX-512: 64 trees a vector. The row's codes stay in registers, and a permutation of
// bytes gives each tree the code that its split asks for.
#include "model/kernel_avx512.h"
#include "model/kernel_row.h"

namespace rondo::model {
namespace {

RONDO_AVX512 inline std::uint8_t code_of(const CutBlock* blocks, const Column& column, double x) {
  const Seen seen = seen_by(column, x);
  if (seen.missing) return column.missing_code;
  const __m512d value = _mm512_set1_pd(seen.value);
  unsigned block = 0;
  if (column.blocks > 1) block = cuts_below<true>(blocks->cut.data(), value);
  return static_cast<std::uint8_t>(block * kCutBlock +
                                   cuts_below<true>(blocks[1 + block].cut.data(), value));
}

RONDO_AVX512 void bin_row(const ForestLayout& layout, const double* row, RowCodes& codes) {
  const std::size_t columns = layout.columns.size();
  for (std::size_t i = 0; i < columns; ++i) {
    const Column& column = layout.columns[i];
    const std::uint8_t code = code_of(&layout.blocks[column.from], column, row[column.feature]);
    codes.planes[i] = code;
    codes.planes[columns + i] = static_cast<std::uint8_t>(~code);
  }
  code_row_categories(layout, row, codes);
}

/// A row's codes in one, two or four registers.
template <int kRegisters>
RONDO_AVX512 inline __m512i codes_at(__m512i plane, const RowCodes& codes) {
  const std::uint8_t* const part = codes.planes;
  const __m512i first = _mm512_load_si512(part);
  if constexpr (kRegisters == 1) return _mm512_permutexvar_epi8(plane, first);
  const __m512i low = _mm512_permutex2var_epi8(first, plane, _mm512_load_si512(part + 64));
  if constexpr (kRegisters == 2) return low;
  const __m512i high = _mm512_permutex2var_epi8(_mm512_load_si512(part + 128), plane,
                                                _mm512_load_si512(part + 192));
  return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(plane), high);
}

template <int kRegisters>
RONDO_AVX512 __m512i leaves_of(const ForestLayout& layout, const LaneLayout& lanes,
                                 const LaneGroup& group, const RowCodes& codes) {
  const LaneSplit* split = lanes.splits.data() + group.split;
  const LaneSet* set = lanes.sets.data() + group.set;
  const LaneByte* byte = lanes.bytes.data() + group.byte;
  __m512i last = _mm512_setzero_si512(), place = last;
  for (unsigned i = group.bytes; i-- > 0; ++byte) {
    __m512i live = _mm512_set1_epi8(-1);
    for (const LaneSplit* const end = split + byte->splits; split != end; ++split) {
      const __m512i code =
          codes_at<kRegisters>(_mm512_load_si512(split->plane.data()), codes);
      const __m512i stays = _mm512_movm_epi8(
          _mm512_cmple_epu8_mask(code, _mm512_load_si512(split->cut.data())));
      live = _mm512_and_si512(
          live, _mm512_or_si512(stays, _mm512_load_si512(split->keep.data())));
    }
    if (byte->sets != 0) {
      alignas(64) std::uint8_t keep[kLaneTrees];
      keep_by_sets(layout, {set, byte->sets}, codes, keep);
      live = _mm512_and_si512(live, _mm512_load_si512(keep));
      set += byte->sets;
    }
    const __mmask64 some = _mm512_test_epi8_mask(live, live);
    last = _mm512_mask_mov_epi8(last, some, live);
    place = _mm512_mask_mov_epi8(place, some, spread(static_cast<std::uint8_t>(i * 8)));
  }
  return _mm512_add_epi8(place, lowest_bit(last));
}

template <int kRegisters>
RONDO_AVX512 void add_groups(const ForestLayout& layout, const LaneLayout& lanes,
                             const RowCodes& codes, double* sums) {
  alignas(64) std::uint8_t leaves[kLaneTrees];
  for (const LaneGroup& group : lanes.groups) {
    _mm512_store_si512(leaves, leaves_of<kRegisters>(layout, lanes, group, codes));
    add_leaves(layout, group, leaves, sums);
  }
}

}  // namespace

RONDO_AVX512 void avx512_add_row(const ForestLayout& layout, const LaneLayout& lanes,
                                 const double* row, double* sums) {
  RowCodes codes;
  bin_row(layout, row, codes);
  const std::size_t planes = 2 * layout.columns.size();
  if (planes <= 64) return add_groups<1>(layout, lanes, codes, sums);
  if (planes <= 128) return add_groups<2>(layout, lanes, codes, sums);
  add_groups<4>(layout, lanes, codes, sums);
}

}  // namespace rondo::model
