//! The shape of a BOLT: its sections, and in each the tree of its paragraphs and bullets.
//!
//! This is the markdown that the BOLTs are written in rather than CommonMark: bullets nest from two columns on, tabs
//! and numbered bullets mixed in, a heading may itself be a bullet (BOLT 0), and a line that ends in a colon
//! owns the list after it.

/// How many columns further in a bullet hangs under another.
const NESTED_FROM: usize = 2;

/// Deeper columns count as this one, so that no text nests without end.
const DEEPEST: usize = 128;

/// One heading's own text, up to the next heading.
#[derive(Debug)]
pub(super) struct Section {
    /// The headings from the outermost in, without the title of the document.
    pub path: Vec<String>,
    pub blocks: Vec<Block>,
}

/// A paragraph or a bullet, with what hangs under it.
#[derive(Debug)]
pub(super) struct Block {
    pub kind: Kind,
    /// Its first line, counted from 1.
    pub line: u32,
    /// Its own words, on one line.
    pub text: String,
    pub children: Vec<Block>,
    indent: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bullet,
    Paragraph,
}

impl Block {
    fn new(kind: Kind, indent: usize, line: u32, text: &str) -> Self {
        Block { kind, line, text: text.to_owned(), children: Vec::new(), indent }
    }

    /// Whether it announces what follows: its text ends in a colon.
    pub fn is_stem(&self) -> bool {
        self.text.ends_with(':')
    }

    pub fn bullets(&self) -> impl Iterator<Item = &Block> {
        self.children.iter().filter(|child| child.kind == Kind::Bullet)
    }
}

/// The sections of `markdown`, in order. Code, comments and the document's title are left out.
pub(super) fn sections(markdown: &str) -> Vec<Section> {
    let mut reader = Reader::default();
    for (number, line) in (1..).zip(markdown.lines()) {
        reader.line(number, expand_tabs(line).trim_end());
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    sections: Vec<Section>,
    /// The headings in force, each with its depth.
    headings: Vec<(usize, String)>,
    blocks: Vec<Block>,
    /// The blocks still open, each a child of the one before.
    open: Vec<Block>,
    /// Whether the next line of words continues the innermost open block.
    continues: bool,
    in_code: bool,
    in_comment: bool,
}

impl Reader {
    fn line(&mut self, number: u32, line: &str) {
        let words = line.trim_start();
        let indent = (line.len() - words.len()).min(DEEPEST);
        if self.is_hidden(words) || words.is_empty() {
            self.continues = false;
        } else if let Some((depth, title)) = heading(line) {
            self.open_section(depth, title);
        } else if let Some(words) = bullet(words) {
            self.open_bullet(Block::new(Kind::Bullet, indent, number, words));
        } else if let Some(block) = self.open.last_mut().filter(|_| self.continues) {
            block.text.push(' ');
            block.text.push_str(words);
        } else {
            self.open_paragraph(Block::new(Kind::Paragraph, indent, number, words));
        }
    }

    /// Whether this line belongs to code or a comment, and if so, whether the next may.
    fn is_hidden(&mut self, words: &str) -> bool {
        let is_fence = words.starts_with("```") || words.starts_with("~~~");
        if self.in_comment || (!self.in_code && words.starts_with("<!--")) {
            self.in_comment = !words.contains("-->");
            return true;
        }
        self.in_code ^= is_fence;
        self.in_code || is_fence
    }

    fn open_section(&mut self, depth: usize, title: &str) {
        self.close_section();
        self.headings.retain(|(outer, _)| *outer < depth);
        if !title.starts_with("BOLT #") {
            self.headings.push((depth, title.to_owned()));
        }
    }

    fn open_bullet(&mut self, bullet: Block) {
        self.close_while(|open| match open.kind {
            Kind::Bullet => open.indent + NESTED_FROM > bullet.indent,
            Kind::Paragraph => open.indent > bullet.indent || !open.is_stem(),
        });
        self.push(bullet);
    }

    fn open_paragraph(&mut self, paragraph: Block) {
        self.close_while(|open| open.kind == Kind::Paragraph || open.indent >= paragraph.indent);
        self.push(paragraph);
    }

    fn push(&mut self, block: Block) {
        self.open.push(block);
        self.continues = true;
    }

    fn close_while(&mut self, is_over: impl Fn(&Block) -> bool) {
        while let Some(block) = self.open.pop_if(|block| is_over(block)) {
            match self.open.last_mut() {
                Some(parent) => parent.children.push(block),
                None => self.blocks.push(block),
            }
        }
    }

    fn close_section(&mut self) {
        self.close_while(|_| true);
        self.continues = false;
        let blocks = std::mem::take(&mut self.blocks);
        if !blocks.is_empty() {
            let path = self.headings.iter().map(|(_, title)| title.clone()).collect();
            self.sections.push(Section { path, blocks });
        }
    }

    fn finish(mut self) -> Vec<Section> {
        self.close_section();
        self.sections
    }
}

/// The depth and title of a heading, be it a bullet's.
fn heading(line: &str) -> Option<(usize, &str)> {
    let line = line.strip_prefix("* ").unwrap_or(line);
    let title = line.trim_start_matches('#');
    let depth = line.len() - title.len();
    (depth > 0 && title.starts_with(' ')).then(|| (depth, title.trim_matches(['#', ' ', ':'])))
}

/// The words of a bullet: after `-`, `*`, `+`, `1.` or `1)`.
fn bullet(words: &str) -> Option<&str> {
    let number = words.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = if number.len() == words.len() {
        words.strip_prefix(['-', '*', '+'])
    } else {
        number.strip_prefix(['.', ')'])
    }?;
    rest.starts_with(' ').then(|| rest.trim_start())
}

/// `line` with each leading tab as the spaces to the next column that is a multiple of four.
fn expand_tabs(line: &str) -> String {
    const TAB: usize = 4;
    let mut expanded = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => expanded.extend(std::iter::repeat_n(' ', TAB - expanded.len() % TAB)),
            _ => expanded.push(c),
        }
    }
    expanded
}
