;; A misspelt keyword.
(module
  (fun (export "_start")))
