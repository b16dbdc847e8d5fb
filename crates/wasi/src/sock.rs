//! Sockets. No descriptor is one, so that all that is to be found out is whether it is open.

use crate::WasiCtx;
use crate::errno::Errno;

/// `sock_accept`, `sock_recv`, `sock_send`, `sock_shutdown`.
pub(crate) fn refuse<R>(ctx: &WasiCtx, fd: u32) -> Result<R, Errno> {
    ctx.table.get(fd)?;
    Err(Errno::Notsock)
}
