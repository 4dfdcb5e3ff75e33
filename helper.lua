return require "mlrt".layer.linear { -1 }
