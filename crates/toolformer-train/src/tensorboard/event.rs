//! TensorFlow's message `Event` (`tensorflow/core/util/event.proto`), as much of it as scalars need.

/// What a field's number is followed by.
const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const SIZED: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// Fields of `Event`, of its `Summary`, and of the summary's `Value`.
const WALL_TIME: u64 = 1;
const STEP: u64 = 2;
const FILE_VERSION: u64 = 3;
const SUMMARY: u64 = 5;
const VALUE: u64 = 1;
const TAG: u64 = 1;
const SIMPLE_VALUE: u64 = 2;

/// The event that a file begins with.
pub(super) fn file_version(wall_time: f64) -> Vec<u8> {
    let mut event = Vec::new();
    eight_bytes(WALL_TIME, wall_time.to_le_bytes(), &mut event);
    sized(FILE_VERSION, b"brain.Event:2", &mut event);
    event
}

/// The event of a value that was measured.
pub(super) fn scalar(tag: &str, step: u64, wall_time: f64, value: f32) -> Vec<u8> {
    let (mut event, mut summary, mut one) = (Vec::new(), Vec::new(), Vec::new());
    sized(TAG, tag.as_bytes(), &mut one);
    varint(SIMPLE_VALUE << 3 | FOUR_BYTES, &mut one);
    one.extend_from_slice(&value.to_le_bytes());
    sized(VALUE, &one, &mut summary);
    eight_bytes(WALL_TIME, wall_time.to_le_bytes(), &mut event);
    varint(STEP << 3 | VARINT, &mut event);
    varint(step, &mut event);
    sized(SUMMARY, &summary, &mut event);
    event
}

/// The step of an event, 0 where it names none; none if the bytes are no message.
pub(super) fn step_of(mut event: &[u8]) -> Option<u64> {
    let mut step = 0;
    while !event.is_empty() {
        let key = read_varint(&mut event)?;
        let skipped = match key & 7 {
            VARINT => {
                let value = read_varint(&mut event)?;
                if key >> 3 == STEP {
                    step = value;
                }
                0
            }
            EIGHT_BYTES => 8,
            SIZED => usize::try_from(read_varint(&mut event)?).ok()?,
            FOUR_BYTES => 4,
            _ => return None,
        };
        event = event.get(skipped..)?;
    }
    Some(step)
}

fn eight_bytes(field: u64, value: [u8; 8], out: &mut Vec<u8>) {
    varint(field << 3 | EIGHT_BYTES, out);
    out.extend_from_slice(&value);
}

fn sized(field: u64, value: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | SIZED, out);
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// Seven bits a byte, the lowest first; all but the last byte have their highest bit set.
fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_knows_its_step() {
        for step in [0, 1, 127, 128, 300, 1 << 40] {
            let event = scalar("train/loss", step, 1.5e9, 2.5);
            assert_eq!(step_of(&event), Some(step));
            // Within its last field a message cannot end.
            assert_eq!(step_of(&event[..event.len() - 1]), None);
        }
        assert_eq!(step_of(&file_version(1.5e9)), Some(0));
        assert_eq!(step_of(&[0xff; 12]), None);
        assert_eq!(step_of(&[SIZED as u8 | 8, 0xff, 0xff, 0xff, 0xff, 0x0f]), None);
    }

    /// By hand from the message's definition.
    #[test]
    fn an_event_is_a_protocol_buffer() {
        let mut expected = vec![0x09];
        expected.extend_from_slice(&2.0_f64.to_le_bytes());
        expected.extend_from_slice(&[0x10, 0xac, 0x02, 0x2a, 0x0a, 0x0a, 0x08, 0x0a, 0x01, b'x', 0x15]);
        expected.extend_from_slice(&0.5_f32.to_le_bytes());
        assert_eq!(scalar("x", 300, 2.0, 0.5), expected);
    }
}
