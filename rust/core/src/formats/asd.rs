//! Movies of high-speed AFM in the `.asd` format of the Ando group and RIBM.
//!
//! A header in one of three versions is followed by all frames of the first channel, then by all of the second. A frame
//! is a header of stated size and `height * width` 16-bit levels of an AD converter, row by row; all numbers are
//! little-endian. See [`Header::parse`] and [`Header::decode`].

use crate::{Error, Result};

const FORMAT: &str = "asd";
/// Most pixels along a side: sizes are 16 bits wide in version 0, and no scanner comes near.
const MOST_SIDE: i32 = 32_767;

/// What a channel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Height, nm.
    Topography,
    /// Error signal, nm.
    Error,
    /// Phase, degrees.
    Phase,
}

impl Kind {
    /// The two letters that stand for it in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Topography => "TP",
            Self::Error => "ER",
            Self::Phase => "PH",
        }
    }

    fn of(code: i32, offset: u64) -> Result<Option<Self>> {
        match code {
            0 => Ok(None),
            0x5054 => Ok(Some(Self::Topography)),
            0x5245 => Ok(Some(Self::Error)),
            0x4850 => Ok(Some(Self::Phase)),
            _ => Err(Error::format(FORMAT, offset, "a channel TP, ER, PH or 0", format!("{code:#x}"))),
        }
    }
}

/// What the header of a file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// 0, 1 or 2.
    pub version: i32,
    /// The channels, first and second.
    pub channels: [Option<Kind>; 2],
    /// Pixels along the fast axis.
    pub width: usize,
    /// Pixels along the slow axis.
    pub height: usize,
    /// Size of a frame along the fast and the slow axis, nm.
    pub size_nm: [f64; 2],
    /// Frames of each channel that the file claims to hold.
    pub frames: u64,
    /// Time per frame, ms.
    pub frame_time_ms: f64,
    /// Year, month, day, hour, minute, second at the end of the recording.
    pub date: [i32; 6],
    /// Direction of the scan, as a number of the instrument's.
    pub scan_direction: i32,
    /// Code of the range of the AD converter.
    pub ad_range: u32,
    /// Bits of the AD converter.
    pub ad_bits: i32,
    /// Gain of the z amplifier.
    pub z_gain: f64,
    /// Extension of the z piezo, nm/V.
    pub z_extension: f64,
    /// Sensitivity of the sensor, nm/V.
    pub sensor_sensitivity: f64,
    /// Sensitivity of the phase, deg/V.
    pub phase_sensitivity: f64,
    /// Code page of the comment; 0 in version 0.
    pub code_page: i32,
    /// The comment, undecoded.
    pub comment: Vec<u8>,
    /// Where the first frame begins.
    pub start: u64,
    /// Bytes before the levels of a frame.
    pub frame_header: u64,
}

/// Fields at stated places, each checked against the end of the file.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(&self, offset: u64) -> Result<[u8; N]> {
        usize::try_from(offset).ok().and_then(|at| self.0.get(at..at.checked_add(N)?)?.try_into().ok()).ok_or_else(
            || Error::format(FORMAT, offset, format!("{N} bytes of the header"), format!("{} in all", self.0.len())),
        )
    }

    fn u8(&self, offset: u64) -> Result<i32> {
        Ok(i32::from(self.bytes::<1>(offset)?[0]))
    }

    fn i16(&self, offset: u64) -> Result<i32> {
        Ok(i32::from(i16::from_le_bytes(self.bytes(offset)?)))
    }

    fn i32(&self, offset: u64) -> Result<i32> {
        Ok(i32::from_le_bytes(self.bytes(offset)?))
    }

    fn u32(&self, offset: u64) -> Result<u32> {
        Ok(u32::from_le_bytes(self.bytes(offset)?))
    }

    fn f32(&self, offset: u64) -> Result<f64> {
        Ok(f64::from(f32::from_le_bytes(self.bytes(offset)?)))
    }

    /// A number of bytes, frames or pixels.
    fn count(&self, offset: u64, what: &str) -> Result<u64> {
        let found = self.i32(offset)?;
        u64::try_from(found).map_err(|_| Error::format(FORMAT, offset, format!("{what} from 0 on"), found))
    }

    /// A stretch of text.
    fn text(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        let inside = || {
            let start = usize::try_from(offset).ok()?;
            self.0.get(start..start.checked_add(usize::try_from(length).ok()?)?)
        };
        inside().map(<[u8]>::to_vec).ok_or_else(|| {
            Error::format(FORMAT, offset, format!("{length} bytes of text"), format!("{} in all", self.0.len()))
        })
    }
}

fn side(found: i32, offset: u64) -> Result<usize> {
    usize::try_from(found)
        .ok()
        .filter(|_| (1..=MOST_SIDE).contains(&found))
        .ok_or_else(|| Error::format(FORMAT, offset, format!("1 to {MOST_SIDE} pixels along a side"), found))
}

impl Header {
    /// Reads the header of a file of version 0, 1 or 2.
    ///
    /// Frames of versions 1 and 2 begin where the header says it ends; those of version 0 after its comment.
    ///
    /// # Errors
    /// [`Error::Format`] with the offset of the field that makes no sense.
    pub fn parse(file: &[u8]) -> Result<Self> {
        let fields = Fields(file);
        let version = fields.i32(0)?;
        let header = match version {
            0 => Self::first(&fields)?,
            1 | 2 => Self::later(&fields, version)?,
            _ => return Err(Error::format(FORMAT, 0, "version 0, 1 or 2", version)),
        };
        header.check()
    }

    fn first(fields: &Fields<'_>) -> Result<Self> {
        let name = fields.count(16, "a size of the user's name")?;
        let after_name = 105 + name;
        let comment_at = after_name + 12 + fields.count(20, "an offset of the comment")?;
        let comment = fields.text(comment_at, fields.count(24, "a size of the comment")?)?;
        let mut date = [fields.i16(63)?, 0, 0, 0, 0, 0];
        for (part, at) in date[1..].iter_mut().zip(65..) {
            *part = fields.u8(at)?;
        }
        Ok(Self {
            version: 0,
            channels: [Kind::of(fields.i16(4)?, 4)?, Kind::of(fields.i16(6)?, 6)?],
            width: side(fields.i16(28)?, 28)?,
            height: side(fields.i16(30)?, 30)?,
            size_nm: [f64::from(fields.i16(32)?), f64::from(fields.i16(34)?)],
            frames: fields.count(95, "a number of frames")?,
            frame_time_ms: fields.f32(36)?,
            date,
            scan_direction: fields.i32(after_name + 8)?,
            ad_range: fields.u32(48)?,
            ad_bits: fields.i32(52)?,
            z_gain: fields.f32(44)?,
            z_extension: fields.f32(40)?,
            sensor_sensitivity: fields.f32(after_name)?,
            phase_sensitivity: fields.f32(after_name + 4)?,
            code_page: 0,
            start: comment_at + comment.len() as u64,
            comment,
            frame_header: fields.count(12, "a size of the frames' headers")?,
        })
    }

    fn later(fields: &Fields<'_>, version: i32) -> Result<Self> {
        let name = fields.count(16, "a size of the user's name")?;
        let mut date = [0; 6];
        for (part, at) in date.iter_mut().zip((69..).step_by(4)) {
            *part = fields.i32(at)?;
        }
        Ok(Self {
            version,
            channels: [Kind::of(fields.i32(24)?, 24)?, Kind::of(fields.i32(28)?, 28)?],
            width: side(fields.i32(48)?, 48)?,
            height: side(fields.i32(52)?, 52)?,
            size_nm: [f64::from(fields.i32(56)?), f64::from(fields.i32(60)?)],
            frames: fields.count(36, "a number of frames")?,
            frame_time_ms: fields.f32(101)?,
            date,
            scan_direction: fields.i32(40)?,
            ad_range: fields.u32(133)?,
            ad_bits: fields.i32(137)?,
            z_gain: fields.f32(161)?,
            z_extension: fields.f32(157)?,
            sensor_sensitivity: fields.f32(105)?,
            phase_sensitivity: fields.f32(109)?,
            code_page: fields.i32(12)?,
            comment: fields.text(165 + name, fields.count(20, "a size of the comment")?)?,
            start: fields.count(4, "a size of the header")?,
            frame_header: fields.count(8, "a size of the frames' headers")?,
        })
    }

    fn check(self) -> Result<Self> {
        if self.channels[0].is_none() {
            return Err(Error::format(FORMAT, if self.version == 0 { 4 } else { 24 }, "a first channel", "none"));
        }
        if !self.size_nm.iter().all(|size| *size > 0.0) {
            let found = format!("{:?}", self.size_nm);
            return Err(Error::format(FORMAT, if self.version == 0 { 32 } else { 56 }, "sizes above 0 nm", found));
        }
        if !(self.frame_time_ms.is_finite() && self.frame_time_ms >= 0.0) {
            let place = if self.version == 0 { 36 } else { 101 };
            return Err(Error::format(FORMAT, place, "a time of a frame in ms", self.frame_time_ms));
        }
        if !(1..=32).contains(&self.ad_bits) {
            return Err(Error::format(FORMAT, if self.version == 0 { 52 } else { 137 }, "1 to 32 bits", self.ad_bits));
        }
        self.volts(1.0)?;
        Ok(self)
    }

    /// Bytes of a frame with its header.
    pub fn stride(&self) -> u64 {
        self.frame_header + 2 * (self.width * self.height) as u64
    }

    /// Where the given channel (0 or 1) begins; one that no file can hold begins beyond its end.
    pub fn channel_start(&self, channel: usize) -> u64 {
        self.start.saturating_add((channel as u64).saturating_mul(self.frames).saturating_mul(self.stride()))
    }

    /// How many frames of the given channel (0 or 1) lie whole in a file of `bytes`.
    pub fn complete_frames(&self, channel: usize, bytes: u64) -> u64 {
        (bytes.saturating_sub(self.channel_start(channel)) / self.stride()).min(self.frames)
    }

    /// Volts at level 0, and by how many they change from level to level.
    fn volts(&self, unipolar_sign: f64) -> Result<(f64, f64)> {
        let levels = (1_u64 << self.ad_bits) as f64;
        let bipolar = |range: f64| (range, -2.0 * range / levels);
        let unipolar = |range: f64| (0.0, unipolar_sign * range / levels);
        match self.ad_range {
            1 => Ok(unipolar(1.0)),
            2 => Ok(unipolar(2.5)),
            3 => Ok(unipolar(9.99)),
            4 => Ok(unipolar(5.0)),
            0x1_0000 => Ok(bipolar(1.0)),
            0x2_0000 => Ok(bipolar(2.5)),
            0x4_0000 => Ok(bipolar(5.0)),
            0x80_0000 => Ok(bipolar(80.0)),
            found => {
                let at = if self.version == 0 { 48 } else { 133 };
                Err(Error::format(FORMAT, at, "a known range of the AD converter", format!("{found:#x}")))
            }
        }
    }

    /// Turns the levels of frames of one channel (0 or 1) into nm or degrees.
    ///
    /// `bytes` are whole frames with their headers; `out` takes `width * height` values for each. `unipolar_sign` (-1 or
    /// 1) is the sign of volts of converters that know no negative ones: documents differ.
    ///
    /// # Errors
    /// [`Error::Argument`] for a channel that is not there or if the sizes do not agree.
    pub fn decode(&self, bytes: &[u8], channel: usize, unipolar_sign: f64, out: &mut [f64]) -> Result<()> {
        let Some(kind) = self.channels.get(channel).copied().flatten() else {
            return Err(Error::argument("channel", "one that the file holds", channel));
        };
        let (stride, pixels) = (self.stride() as usize, self.width * self.height);
        if !bytes.len().is_multiple_of(stride) || out.len() != bytes.len() / stride * pixels {
            let expected = format!("frames of {stride} bytes and {pixels} values");
            return Err(Error::argument("bytes", expected, format!("{} and {}", bytes.len(), out.len())));
        }
        let (zero, slope) = self.volts(unipolar_sign)?;
        let factor = match kind {
            Kind::Topography => self.z_gain * self.z_extension,
            Kind::Error => -self.sensor_sensitivity,
            Kind::Phase => -self.phase_sensitivity,
        };
        for (frame, values) in bytes.chunks_exact(stride).zip(out.chunks_exact_mut(pixels)) {
            let levels = &frame[self.frame_header as usize..];
            for (value, level) in values.iter_mut().zip(levels.chunks_exact(2)) {
                *value = (zero + slope * f64::from(i16::from_le_bytes([level[0], level[1]]))) * factor;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file of version 1 with 3 x 2 pixels.
    fn file(frames: i32, levels: &[i16]) -> Vec<u8> {
        let mut bytes = vec![0; 165];
        let mut put = |at: usize, value: i32| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        for (at, value) in [(0, 1), (4, 165), (8, 32), (24, 0x5054), (36, frames), (48, 3), (52, 2), (56, 30), (60, 20)]
        {
            put(at, value);
        }
        put(133, 0x4_0000);
        put(137, 12);
        bytes[157..161].copy_from_slice(&20_f32.to_le_bytes());
        bytes[161..165].copy_from_slice(&2_f32.to_le_bytes());
        for frame in levels.chunks(6) {
            bytes.extend([0; 32]);
            bytes.extend(frame.iter().flat_map(|level| level.to_le_bytes()));
        }
        bytes
    }

    #[test]
    fn levels_become_heights() {
        let bytes = file(1, &[0, 2048, 4096, 1, 2, 3]);
        let header = Header::parse(&bytes).unwrap();
        assert_eq!(header.complete_frames(0, bytes.len() as u64), 1);
        let mut heights = [0.0; 6];
        header.decode(&bytes[165..], 0, -1.0, &mut heights).unwrap();
        // 40 nm/V, 5 V down to -5 V.
        assert_eq!(heights[..3], [200.0, 0.0, -200.0]);
        assert!(header.decode(&bytes[165..], 1, -1.0, &mut heights).is_err());
        assert!(header.decode(&bytes[166..], 0, -1.0, &mut heights).is_err());
    }

    #[test]
    fn a_frame_takes_a_time_that_is_a_number() {
        let with = |time: f32| {
            let mut bytes = file(1, &[0; 6]);
            bytes[101..105].copy_from_slice(&time.to_le_bytes());
            Header::parse(&bytes).map(|header| header.frame_time_ms).map_err(|error| error.to_string())
        };
        assert_eq!(with(80.0), Ok(80.0));
        for time in [f32::NAN, f32::INFINITY, -1.0] {
            assert!(with(time).unwrap_err().contains("a time of a frame in ms"));
        }
    }

    #[test]
    fn claims_of_many_frames_cost_nothing() {
        let header = Header::parse(&file(i32::MAX, &[])).unwrap();
        assert_eq!(header.frames, 0x7FFF_FFFF);
        assert_eq!(header.complete_frames(1, u64::MAX), header.frames);
        assert_eq!(header.complete_frames(0, 165 + 44 * 7 + 3), 7);
    }

    proptest! {
        #[test]
        fn damage_never_panics(place in 0_usize..165, value: u8, cut in 0_usize..400) {
            let mut bytes = file(3, &[7; 18]);
            bytes[place] = value;
            bytes.truncate(cut);
            if let Ok(header) = Header::parse(&bytes) {
                prop_assert!(header.complete_frames(0, bytes.len() as u64) <= header.frames);
                prop_assert!(header.width * header.height <= 32_767 * 32_767);
            }
        }

        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), version in 0_i32..3) {
            let mut bytes = bytes;
            if bytes.len() > 4 {
                bytes[..4].copy_from_slice(&version.to_le_bytes());
            }
            let _ = Header::parse(&bytes);
        }
    }

    #[test]
    fn a_channel_that_no_file_holds_begins_nowhere() {
        let header = Header::parse(&file(i32::MAX, &[])).unwrap();
        assert_eq!(header.channel_start(usize::MAX), u64::MAX);
        assert_eq!(header.complete_frames(usize::MAX, u64::MAX), 0);
    }
}
