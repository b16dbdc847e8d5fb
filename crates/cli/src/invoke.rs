//! Values as text: arguments are read by the types of a function's parameters, results are printed.
//!
//! What is printed of a number can be read again and is the same value, with the bits of a NaN.

use fulmar::{FuncType, Ref, V128, Val, ValType};
use std::fmt;

/// The bit that tells a quiet NaN of `f32` from a signalling one.
const F32_QUIET: u32 = 1 << 22;
/// The bit that tells a quiet NaN of `f64` from a signalling one.
const F64_QUIET: u64 = 1 << 51;

/// Reads the arguments for a call of the function `name`.
///
/// # Errors
///
/// What was expected, if there are too many or too few, or one is not a value of its parameter's type.
pub(crate) fn parse_args(name: &str, ty: &FuncType, args: &[String]) -> Result<Vec<Val>, String> {
    let (expected, found) = (ty.params().len(), args.len());
    if expected != found {
        let plural = if expected == 1 { "" } else { "s" };
        return Err(format!(
            "{name:?} is {ty}: expected {expected} argument{plural}, found {found}"
        ));
    }
    let numbered = (1..).zip(ty.params()).zip(args);
    let values = numbered.map(|((number, ty), text)| {
        let value = parse_val(*ty, text);
        value.ok_or_else(|| {
            format!("argument {number} of {name:?}: expected {}, found {text:?}", form(*ty))
        })
    });
    values.collect()
}

/// What a value of a type looks like, for messages.
fn form(ty: ValType) -> String {
    let form = match ty {
        ValType::I32 => "i32 from -2147483648 to 4294967295, decimal or hexadecimal with 0x",
        ValType::I64 => "i64 from -2^63 to 2^64-1, decimal or hexadecimal with 0x",
        ValType::F32 => "f32 such as -1.5, 2e10, inf, nan or nan:0x200000",
        ValType::F64 => "f64 such as -1.5, 2e10, inf, nan or nan:0x200000",
        ValType::V128 => "v128 of up to 32 hexadecimal digits with 0x",
        ValType::Ref(ty) if ty.is_nullable() => {
            return format!("{ty}, of which only null can be given");
        }
        ValType::Ref(ty) => return format!("{ty}, of which no value can be given"),
    };
    form.to_owned()
}

/// Reads a value of type `ty`; `None` if `text` is not one.
fn parse_val(ty: ValType, text: &str) -> Option<Val> {
    match ty {
        ValType::I32 => {
            let value = parse_int(text)?;
            let bits =
                i32::try_from(value).map(i32::cast_unsigned).or_else(|_| u32::try_from(value));
            Some(Val::I32(bits.ok()?.cast_signed()))
        }
        ValType::I64 => {
            let value = parse_int(text)?;
            let bits =
                i64::try_from(value).map(i64::cast_unsigned).or_else(|_| u64::try_from(value));
            Some(Val::I64(bits.ok()?.cast_signed()))
        }
        ValType::F32 => parse_f32(text).map(Val::F32),
        ValType::F64 => parse_f64(text).map(Val::F64),
        ValType::V128 => {
            let digits = hex_digits(text)?;
            Some(Val::V128(V128::from(u128::from_str_radix(digits, 16).ok()?)))
        }
        ValType::Ref(ty) => {
            let is_null = text == "null" && ty.is_nullable();
            is_null.then(|| Ref::null(ty.heap_type()).into())
        }
    }
}

/// An integer, with room for each value of 64 bits whatever its sign.
fn parse_int(text: &str) -> Option<i128> {
    let (is_negative, magnitude) = split_sign(text);
    let value = match hex_digits(magnitude) {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None if magnitude.starts_with(|first: char| first.is_ascii_digit()) => {
            magnitude.parse().ok()?
        }
        None => return None,
    };
    Some(if is_negative { -i128::from(value) } else { i128::from(value) })
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(magnitude) => (true, magnitude),
        None => (false, text),
    }
}

/// What follows `0x`, if it is digits only.
fn hex_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(digits)
}

fn parse_f32(text: &str) -> Option<u32> {
    if let Some((is_negative, payload)) = parse_nan(text, u64::from(F32_QUIET)) {
        let payload = u32::try_from(payload).ok().filter(|payload| *payload < F32_QUIET << 1)?;
        return Some(u32::from(is_negative) << 31 | f32::INFINITY.to_bits() | payload);
    }
    text.parse::<f32>().ok().map(f32::to_bits)
}

fn parse_f64(text: &str) -> Option<u64> {
    if let Some((is_negative, payload)) = parse_nan(text, F64_QUIET) {
        let payload = Some(payload).filter(|payload| *payload < F64_QUIET << 1)?;
        return Some(u64::from(is_negative) << 63 | f64::INFINITY.to_bits() | payload);
    }
    text.parse::<f64>().ok().map(f64::to_bits)
}

/// The sign and payload of a NaN: `nan` is the canonical one, `nan:0x…` names its payload, which is not zero.
fn parse_nan(text: &str, canonical: u64) -> Option<(bool, u64)> {
    let (is_negative, magnitude) = split_sign(text);
    let payload = match magnitude.strip_prefix("nan")? {
        "" => canonical,
        rest => u64::from_str_radix(hex_digits(rest.strip_prefix(':')?)?, 16).ok()?,
    };
    (payload != 0).then_some((is_negative, payload))
}

/// A value as it is printed.
pub(crate) struct Printed<'a>(pub(crate) &'a Val);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self.0 {
            Val::I32(value) => write!(f, "{value}"),
            Val::I64(value) => write!(f, "{value}"),
            Val::F32(bits) => match f32::from_bits(bits) {
                value if value.is_nan() => {
                    let payload = u64::from(bits & ((F32_QUIET << 1) - 1));
                    write_nan(f, value.is_sign_negative(), payload, u64::from(F32_QUIET))
                }
                value => f.write_str(whole(&format!("{value:?}"))),
            },
            Val::F64(bits) => match f64::from_bits(bits) {
                value if value.is_nan() => {
                    write_nan(f, value.is_sign_negative(), bits & ((F64_QUIET << 1) - 1), F64_QUIET)
                }
                value => f.write_str(whole(&format!("{value:?}"))),
            },
            Val::V128(value) => write!(f, "{:#034x}", value.as_u128()),
            Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => {
                f.write_str("null")
            }
            Val::FuncRef(Some(_)) => f.write_str("<funcref>"),
            Val::ExternRef(Some(_)) => f.write_str("<externref>"),
            Val::AnyRef(Some(_)) => f.write_str("<anyref>"),
            Val::ExnRef(Some(_)) => f.write_str("<exnref>"),
        }
    }
}

/// The digits of a float without the `.0` of a whole one.
fn whole(digits: &str) -> &str {
    digits.strip_suffix(".0").unwrap_or(digits)
}

fn write_nan(
    f: &mut fmt::Formatter<'_>,
    is_negative: bool,
    payload: u64,
    canonical: u64,
) -> fmt::Result {
    f.write_str(if is_negative { "-nan" } else { "nan" })?;
    if payload == canonical { Ok(()) } else { write!(f, ":{payload:#x}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is printed of the value that `text` is read as.
    fn read(ty: ValType, text: &str) -> Option<String> {
        parse_val(ty, text).map(|value| Printed(&value).to_string())
    }

    #[test]
    fn integers_are_decimal_or_hexadecimal_and_of_either_sign() {
        for (text, value) in [
            ("0", "0"),
            ("-1", "-1"),
            ("2147483648", "-2147483648"),
            ("4294967295", "-1"),
            ("-2147483648", "-2147483648"),
            ("0xff", "255"),
            ("-0X10", "-16"),
            ("0xffffffff", "-1"),
        ] {
            assert_eq!(read(ValType::I32, text).as_deref(), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            "+1",
            "--1",
            "0x",
            "0x-1",
            "-+1",
            "1.0",
            "4294967296",
            "-2147483649",
            "ten",
            " 1",
        ] {
            assert_eq!(read(ValType::I32, text), None, "{text}");
        }
        assert_eq!(read(ValType::I64, "18446744073709551615").as_deref(), Some("-1"));
        assert_eq!(
            read(ValType::I64, "-0x8000000000000000").as_deref(),
            Some("-9223372036854775808")
        );
        assert_eq!(read(ValType::I64, "18446744073709551616"), None);
        assert_eq!(read(ValType::I64, "-0x8000000000000001"), None);
    }

    #[test]
    fn floats_are_printed_as_they_can_be_read() {
        for ty in [ValType::F32, ValType::F64] {
            for text in
                ["0", "-0", "1.5", "-3", "1e30", "1e-7", "inf", "-inf", "nan", "-nan", "nan:0x1"]
            {
                assert_eq!(read(ty, text).as_deref(), Some(text), "{ty} {text}");
            }
            for text in ["", "one", "nan:0x0", "nan:1", "nan:", "nano", "0x1p3"] {
                assert_eq!(read(ty, text), None, "{ty} {text}");
            }
        }
        assert_eq!(read(ValType::F32, "0.1").as_deref(), Some("0.1"));
        assert_eq!(read(ValType::F32, "nan:0x7fffff").as_deref(), Some("nan:0x7fffff"));
        assert_eq!(read(ValType::F32, "nan:0x800000"), None);
        assert_eq!(
            read(ValType::F64, "nan:0xfffffffffffff").as_deref(),
            Some("nan:0xfffffffffffff")
        );
        assert_eq!(read(ValType::F64, "nan:0x10000000000000"), None);
    }

    #[test]
    fn vectors_are_hexadecimal() {
        let all = "0x0102030405060708090a0b0c0d0e0f10";
        assert_eq!(read(ValType::V128, all).as_deref(), Some(all));
        assert_eq!(
            read(ValType::V128, "0x1f").as_deref(),
            Some("0x0000000000000000000000000000001f")
        );
        for text in ["", "0x", "12", "-0x1", "0x100000000000000000000000000000000"] {
            assert_eq!(read(ValType::V128, text), None, "{text}");
        }
    }

    #[test]
    fn of_references_only_null_can_be_given() {
        for ty in [ValType::FUNCREF, ValType::EXTERNREF] {
            assert_eq!(read(ty, "null").as_deref(), Some("null"));
            assert_eq!(read(ty, "0"), None);
        }
    }

    #[test]
    fn messages_say_what_was_expected() {
        let ty = FuncType::new([ValType::I32, ValType::FUNCREF], [ValType::I32]);
        let error = |args: &[&str]| {
            let args: Vec<_> = args.iter().copied().map(String::from).collect();
            parse_args("f", &ty, &args).unwrap_err()
        };
        assert_eq!(
            error(&["1"]),
            r#""f" is (i32, funcref) -> (i32): expected 2 arguments, found 1"#
        );
        assert_eq!(
            error(&["x", "null"]),
            r#"argument 1 of "f": expected i32 from -2147483648 to 4294967295, decimal or hexadecimal with 0x, found "x""#
        );
        assert_eq!(
            error(&["1", "f"]),
            r#"argument 2 of "f": expected funcref, of which only null can be given, found "f""#
        );
    }
}
