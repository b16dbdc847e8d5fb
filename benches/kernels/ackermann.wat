;; Ackermann's function of 2 and `n`, whose result is 2n + 3, and of 3 and `n`, whose result is
;; 2^(n + 3) - 3: calls, comparisons and little else, about as deep as the result is high.
(module
    (func $ackermann (param $m i32) (param $n i32) (result i32)
        (if (i32.eqz (local.get $m))
            (then (return (i32.add (local.get $n) (i32.const 1))))
        )
        (if (i32.eqz (local.get $n))
            (then (return (call $ackermann
                (i32.sub (local.get $m) (i32.const 1))
                (i32.const 1)
            )))
        )
        (call $ackermann
            (i32.sub (local.get $m) (i32.const 1))
            (call $ackermann
                (local.get $m)
                (i32.sub (local.get $n) (i32.const 1))
            )
        )
    )
    (func (export "run") (param $n i32) (result i64)
        (i64.extend_i32_u (i32.add
            (call $ackermann (i32.const 2) (local.get $n))
            (call $ackermann (i32.const 3) (local.get $n))
        ))
    )
)
