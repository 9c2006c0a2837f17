//! The items of an Atom or RSS document. No entity of the document is expanded, and depth costs no stack.

use quick_xml::{Reader, events::Event};

use super::{ENTRY_LIMIT, ForeignEvent, ForeignProblem, Place, Read, plain};

/// The items of a document, each read by `read_item` from its elements and its source; none where the document is no
/// feed.
pub(super) fn items(
    text: &str,
    read_item: fn(&Item, &str) -> Result<ForeignEvent, String>,
) -> Result<Option<Vec<Read>>, ForeignProblem> {
    let mut feed = Feed::new(text, read_item);
    feed.run()?;
    Ok(feed.known.then_some(feed.entries))
}

/// The element of an item whose text is being read.
struct Open {
    name: String,
    depth: usize,
    /// Byte behind its start tag.
    from: usize,
    text: String,
    /// It holds elements: XHTML, which is read from its source.
    nested: bool,
}

/// An entry or item, its elements as HTML or text.
#[derive(Default)]
pub(super) struct Item {
    from: usize,
    line: usize,
    pub id: String,
    pub title: String,
    pub content: String,
    pub summary: String,
    pub published: String,
    pub updated: String,
    pub link: String,
}

/// A feed being read.
struct Feed<'a> {
    text: &'a str,
    read_item: fn(&Item, &str) -> Result<ForeignEvent, String>,
    entries: Vec<Read>,
    /// Its first element is that of a feed.
    known: bool,
    depth: usize,
    item: Option<(usize, Item)>,
    open: Option<Open>,
    /// Lines counted up to a byte.
    counted: (usize, usize),
}

impl<'a> Feed<'a> {
    fn new(text: &'a str, read_item: fn(&Item, &str) -> Result<ForeignEvent, String>) -> Self {
        Self { text, read_item, entries: Vec::new(), known: false, depth: 0, item: None, open: None, counted: (0, 1) }
    }

    fn run(&mut self) -> Result<(), ForeignProblem> {
        let mut reader = Reader::from_str(self.text);
        // Feeds with a bare `&` are read too.
        reader.config_mut().allow_dangling_amp = true;
        loop {
            let from = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event();
            let to = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            match event {
                Ok(Event::Eof) => break,
                Ok(Event::Start(start)) => {
                    self.begin(start.name().as_ref(), from, to);
                    self.attributes(&start);
                    self.depth += 1;
                }
                Ok(Event::Empty(start)) => {
                    if let Some(open) = &mut self.open {
                        open.nested = true;
                    }
                    self.attributes(&start);
                }
                Ok(Event::End(_)) => {
                    self.depth = self.depth.saturating_sub(1);
                    self.end(from, to);
                }
                Ok(Event::Text(text)) => self.take(&text.xml10_content()),
                Ok(Event::CData(text)) => self.take(&text.xml10_content()),
                Ok(Event::GeneralRef(reference)) => {
                    let name = reference.xml10_content();
                    let resolved = plain::reference(&name).unwrap_or_else(|| format!("&{name};"));
                    self.take(&resolved);
                }
                Ok(_) => {}
                // What was read up to here stays.
                Err(error) => {
                    let at = usize::try_from(reader.error_position()).unwrap_or(to);
                    let line = self.line_of(at);
                    let words = plain::bounded(&plain::line(&error.to_string()), 200);
                    if self.entries.is_empty() {
                        return Err(ForeignProblem::Broken { line, words });
                    }
                    let words = format!("XML 有误，其后未读 broken XML, nothing behind it was read: {words}");
                    self.entries.push((Place::Line(line), Err(words)));
                    break;
                }
            }
            if self.entries.len() > ENTRY_LIMIT {
                return Err(ForeignProblem::TooMany);
            }
        }
        if let Some((_, item)) = self.item.take() {
            let words = "没有写完就结束了 the file ends inside it".to_owned();
            self.entries.push((Place::Line(item.line), Err(words)));
        }
        Ok(())
    }

    fn line_of(&mut self, at: usize) -> usize {
        let (byte, line) = self.counted;
        let more = self.text.get(byte..at).unwrap_or_default().matches('\n').count();
        if at > byte {
            self.counted = (at, line + more);
        }
        self.counted.1
    }

    fn begin(&mut self, name: &str, from: usize, to: usize) {
        let name = name.strip_prefix("atom:").unwrap_or(name);
        if self.depth == 0 {
            self.known |= matches!(name, "feed" | "rss" | "rdf:RDF");
        }
        match (&mut self.item, &mut self.open) {
            (_, Some(open)) => open.nested = true,
            (Some((depth, _)), None) if self.depth == *depth + 1 => {
                self.open = Some(Open {
                    name: name.to_owned(),
                    depth: self.depth,
                    from: to,
                    text: String::new(),
                    nested: false,
                });
            }
            (None, None) if self.known && matches!(name, "entry" | "item") => {
                let line = self.line_of(from);
                self.item = Some((self.depth, Item { from, line, ..Item::default() }));
            }
            _ => {}
        }
    }

    /// Atom keeps the address in an attribute: the alternate one is the entry's page.
    fn attributes(&mut self, start: &quick_xml::events::BytesStart<'_>) {
        let Some((_, item)) = &mut self.item else { return };
        if start.name().as_ref() != "link" && start.name().as_ref() != "atom:link" {
            return;
        }
        let (mut href, mut alternate) = (None, true);
        for attribute in start.attributes().with_checks(false).take(16).flatten() {
            let Ok(value) = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0) else { continue };
            match attribute.key.as_ref() {
                "href" => href = Some(value.into_owned()),
                "rel" => alternate = value == "alternate",
                _ => {}
            }
        }
        if let Some(href) = href.filter(|_| alternate && item.link.is_empty()) {
            item.link = href;
        }
    }

    fn take(&mut self, text: &str) {
        if let Some(open) = &mut self.open {
            open.text.push_str(text);
        }
    }

    fn end(&mut self, from: usize, to: usize) {
        if let Some(open) = self.open.take_if(|open| open.depth == self.depth)
            && let Some((_, item)) = &mut self.item
        {
            let html = if open.nested { self.text.get(open.from..from).unwrap_or_default() } else { &open.text };
            let field = match open.name.as_str() {
                "id" | "guid" => &mut item.id,
                "title" => &mut item.title,
                "content" | "content:encoded" => &mut item.content,
                "summary" | "description" => &mut item.summary,
                "published" | "pubDate" | "dc:date" => &mut item.published,
                "updated" => &mut item.updated,
                "link" => &mut item.link,
                _ => return,
            };
            if field.is_empty() {
                html.clone_into(field);
            }
            return;
        }
        if let Some((_, item)) = self.item.take_if(|(depth, _)| *depth == self.depth) {
            let raw = self.text.get(item.from..to).unwrap_or_default();
            self.entries.push((Place::Line(item.line), (self.read_item)(&item, raw)));
        }
    }
}
