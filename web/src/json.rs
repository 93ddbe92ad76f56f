//! JSON, as much as the API needs. serde_json with the code that it derives made up two fifths of
//! the module; this reads the same answers, and the tests hold it against serde_json.

/// Deeper nesting is no answer of the API, and each level takes stack.
const MAX_DEPTH: u8 = 32;

/// A JSON value (RFC 8259).
#[derive(Debug, Eq, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A number without fraction and exponent.
    Integer(i64),
    /// An array.
    List(Vec<Value>),
    /// An object; of members with the same name the first counts.
    Object(Vec<(String, Value)>),
    /// Any other number, `true`, `false` or `null`: nothing that the frontend reads.
    Other,
}

impl Value {
    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The text under this name.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_text()
    }

    /// The text that this is.
    pub fn as_text(&self) -> Option<String> {
        if let Self::Text(text) = self { Some(text.clone()) } else { None }
    }

    /// The integer under this name, if it fits.
    pub fn integer<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        if let Self::Integer(integer) = self.get(name)? { T::try_from(*integer).ok() } else { None }
    }

    /// The list under this name, each element read with `read`.
    pub fn list<T>(&self, name: &str, read: fn(&Self) -> Option<T>) -> Option<Vec<T>> {
        if let Self::List(values) = self.get(name)? {
            values.iter().map(read).collect()
        } else {
            None
        }
    }
}

/// Reads a whole document; none if it is not JSON.
pub fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip_space();
    (reader.at == text.len()).then_some(value)
}

/// Appends a string with its quotes and escapes.
pub fn write_text(json: &mut String, text: &str) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\0'..='\x1f' => {
                json.push_str("\\u00");
                json.extend([HEX[c as usize >> 4], HEX[c as usize & 15]]);
            }
            _ => json.push(c),
        }
    }
    json.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: u8) -> Option<Value> {
        if depth == MAX_DEPTH {
            return None;
        }
        self.skip_space();
        match self.peek()? {
            b'"' => self.string().map(Value::Text),
            b'[' => self.list(depth + 1),
            b'{' => self.object(depth + 1),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn list(&mut self, depth: u8) -> Option<Value> {
        let mut values = Vec::new();
        self.take(b'[')?;
        if self.take_after_space(b']').is_some() {
            return Some(Value::List(values));
        }
        loop {
            values.push(self.value(depth)?);
            if self.take_after_space(b',').is_none() {
                self.take(b']')?;
                return Some(Value::List(values));
            }
        }
    }

    fn object(&mut self, depth: u8) -> Option<Value> {
        let mut members = Vec::new();
        self.take(b'{')?;
        if self.take_after_space(b'}').is_some() {
            return Some(Value::Object(members));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.take_after_space(b':')?;
            members.push((name, self.value(depth)?));
            if self.take_after_space(b',').is_none() {
                self.take(b'}')?;
                return Some(Value::Object(members));
            }
        }
    }

    /// A number's syntax is not checked to the letter: the server's are right, and what is not an
    /// integer is not read.
    fn number(&mut self) -> Option<Value> {
        let digits =
            self.span(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        Some(digits?.parse().map_or(Value::Other, Value::Integer))
    }

    fn word(&mut self) -> Option<Value> {
        let word = self.span(|byte| byte.is_ascii_lowercase())?;
        matches!(word, "true" | "false" | "null").then_some(Value::Other)
    }

    fn string(&mut self) -> Option<String> {
        let mut text = String::new();
        self.take(b'"')?;
        loop {
            text.push_str(self.span(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f))?);
            if self.take(b'"').is_some() {
                return Some(text);
            }
            self.take(b'\\')?;
            text.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Option<char> {
        let escape = self.peek()?;
        self.at += 1;
        Some(match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.code_point()?,
            _ => return None,
        })
    }

    /// Beyond the basic plane two escapes make one character (RFC 8259 section 7).
    fn code_point(&mut self) -> Option<char> {
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        self.take(b'\\')?;
        self.take(b'u')?;
        let second = self.hex4()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second)
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)
    }

    fn span(&mut self, belongs: fn(u8) -> bool) -> Option<&'a str> {
        let start = self.at;
        while self.peek().is_some_and(belongs) {
            self.at += 1;
        }
        self.text.get(start..self.at)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take_after_space(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        self.take(byte)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found.then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests;
