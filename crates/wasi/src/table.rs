//! The descriptors of a guest: what each is, its rights, and its number.

use crate::dir::OpenDir;
use crate::errno::Errno;
use crate::file::OpenFile;
use crate::rights::Rights;
use crate::stdio::Stream;

/// Something open.
pub(crate) struct Descriptor {
    pub(crate) kind: Kind,
    pub(crate) rights: Rights,
}

/// What is open.
pub(crate) enum Kind {
    Stream(Stream),
    File(OpenFile),
    Dir(OpenDir),
}

impl Descriptor {
    /// That of an input or output stream.
    pub(crate) fn stream(stream: Stream) -> Self {
        let rights = if stream.is_input() { Rights::INPUT } else { Rights::OUTPUT };
        Self { kind: Kind::Stream(stream), rights }
    }

    /// Checks that it has all of `rights`.
    pub(crate) fn require(&self, rights: u64) -> Result<(), Errno> {
        if rights & !self.rights.base == 0 { Ok(()) } else { Err(Errno::Notcapable) }
    }
}

/// The open descriptors by number.
pub(crate) struct Table {
    slots: Vec<Option<Descriptor>>,
    /// No slot before this one is free.
    first_free: usize,
}

impl Table {
    /// A table in which `descriptors` have the numbers from 0 on.
    pub(crate) fn new(descriptors: impl Iterator<Item = Descriptor>) -> Self {
        let slots: Vec<_> = descriptors.map(Some).collect();
        Self { first_free: slots.len(), slots }
    }

    /// Gives `descriptor` the lowest free number.
    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let from = self.first_free;
        let free = self.slots[from..].iter().position(Option::is_none);
        let index = free.map_or(self.slots.len(), |distance| from + distance);
        let fd = u32::try_from(index).map_err(|_| Errno::Mfile)?;
        if index == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[index] = Some(descriptor);
        self.first_free = index + 1;
        Ok(fd)
    }

    /// The descriptor of a number.
    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::Badf)?;
        self.slots.get(index).and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    /// The descriptor of a number.
    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::Badf)?;
        self.slots.get_mut(index).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    /// Takes a descriptor out; its number becomes free.
    pub(crate) fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::Badf)?;
        let slot = self.slots.get_mut(index).ok_or(Errno::Badf)?;
        let descriptor = slot.take().ok_or(Errno::Badf)?;
        self.first_free = self.first_free.min(index);
        Ok(descriptor)
    }

    /// Gives the descriptor `from` the number `to`, whose descriptor is closed. Both must be open.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(to)?;
        if from == to {
            return Ok(());
        }
        let descriptor = self.remove(from)?;
        *self.get_mut(to)? = descriptor;
        Ok(())
    }

    /// An open file with all of `rights`.
    pub(crate) fn file(&mut self, fd: u32, rights: u64) -> Result<&mut OpenFile, Errno> {
        let descriptor = self.get_mut(fd)?;
        let permission = descriptor.require(rights);
        match &mut descriptor.kind {
            Kind::Stream(_) => Err(Errno::Spipe),
            Kind::Dir(_) => Err(Errno::Isdir),
            Kind::File(file) => permission.map(|()| file),
        }
    }

    /// An open directory with all of `rights`.
    pub(crate) fn dir(&self, fd: u32, rights: u64) -> Result<&OpenDir, Errno> {
        let descriptor = self.get(fd)?;
        match &descriptor.kind {
            Kind::Dir(dir) => descriptor.require(rights).map(|()| dir),
            _ => Err(Errno::Notdir),
        }
    }
}
