//! What the pixels of a movie may be.

/// A number as movies hold it; little-endian in files.
pub trait Pixel: Copy + Default + PartialOrd + Send + Sync + std::fmt::Debug + 'static {
    /// Bytes.
    const SIZE: usize;

    /// Its value, which no type that movies have loses digits of.
    fn value(self) -> f64;

    /// The nearest of this type, and whether it is the same number; NaN is the same as NaN.
    fn of(value: f64) -> (Self, bool);

    /// Values from bytes, one after another.
    fn from_bytes(bytes: &[u8], out: &mut Vec<Self>);

    /// Values from shuffled bytes: all first bytes, then all second bytes and so on.
    fn from_planes(bytes: &[u8], out: &mut Vec<Self>);

    /// Shuffled bytes of values.
    fn to_planes(values: &[Self], out: &mut Vec<u8>);
}

macro_rules! pixel {
    ($ty:ty) => {
        impl Pixel for $ty {
            const SIZE: usize = size_of::<$ty>();

            fn value(self) -> f64 {
                f64::from(self)
            }

            fn of(value: f64) -> (Self, bool) {
                let found = value as $ty;
                let same = f64::from(found) == value;
                (found, same || (value.is_nan() && f64::from(found).is_nan()))
            }

            fn from_bytes(bytes: &[u8], out: &mut Vec<Self>) {
                out.clear();
                out.extend(bytes.as_chunks().0.iter().map(|own| <$ty>::from_le_bytes(*own)));
            }

            fn from_planes(bytes: &[u8], out: &mut Vec<Self>) {
                let count = bytes.len() / Self::SIZE;
                let planes: [&[u8]; size_of::<$ty>()] = std::array::from_fn(|place| &bytes[place * count..][..count]);
                out.clear();
                out.extend((0..count).map(|number| <$ty>::from_le_bytes(planes.map(|plane| plane[number]))));
            }

            fn to_planes(values: &[Self], out: &mut Vec<u8>) {
                out.clear();
                for place in 0..Self::SIZE {
                    out.extend(values.iter().map(|value| value.to_le_bytes()[place]));
                }
            }
        }
    };
}

pixel!(u8);
pixel!(i8);
pixel!(u16);
pixel!(i16);
pixel!(u32);
pixel!(i32);
pixel!(f32);
pixel!(f64);
