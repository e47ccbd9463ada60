//! Integers on the wire: big-endian of any width, truncated, and BigSize (BOLT 1, "Fundamental Types", Appendix A).

pub use super::reader::read_bigsize;

/// The largest unsigned integer of `width` bytes (0 to 8).
pub fn max(width: usize) -> u64 {
    match width {
        0 => 0,
        1..8 => (1 << (8 * width)) - 1,
        _ => u64::MAX,
    }
}

/// The value of at most eight big-endian bytes.
pub(super) fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The value of one to eight big-endian two's complement bytes.
pub(super) fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len().clamp(1, 8);
    ((unsigned(bytes) << unused) as i64) >> unused
}

/// Writes the low `width` bytes (0 to 8) of `value`.
pub fn write(out: &mut Vec<u8>, value: u64, width: usize) {
    out.extend_from_slice(&value.to_be_bytes()[8 - width..]);
}

/// The number of bytes of `value` without leading zeros, 0 for zero.
pub fn truncated_width(value: u64) -> usize {
    8 - value.leading_zeros() as usize / 8
}

/// The number of bytes of `value` as a BigSize: 1, 3, 5 or 9.
pub fn bigsize_width(value: u64) -> usize {
    match value {
        0..0xfd => 1,
        0xfd..0x1_0000 => 3,
        0x1_0000..0x1_0000_0000 => 5,
        _ => 9,
    }
}

/// Writes `value` as a BigSize, in its minimal form.
pub fn write_bigsize(out: &mut Vec<u8>, value: u64) {
    write_bigsize_wide(out, value, bigsize_width(value));
}

/// Writes `value` as a BigSize of `width` bytes (1, 3, 5 or 9), minimal or not. It must fit.
pub fn write_bigsize_wide(out: &mut Vec<u8>, value: u64, width: usize) {
    match width {
        3 => out.push(0xfd),
        5 => out.push(0xfe),
        9 => out.push(0xff),
        _ => {}
    }
    write(out, value, if width == 1 { 1 } else { width - 1 });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_at_their_borders() {
        assert_eq!([0, 1, 255, 256, u64::MAX].map(truncated_width), [0, 1, 1, 2, 8]);
        assert_eq!([0, 1, 2, 8].map(max), [0, 255, 65535, u64::MAX]);
    }
}
