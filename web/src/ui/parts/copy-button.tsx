// A button that copies and says whether it did. Without a clipboard (plain http) it says what to do by hand.

import { useSignal } from "@preact/signals";

interface CopyButtonProps {
  readonly label: string;
  readonly copied: string;
  readonly failed: string;
  readonly copy: () => Promise<boolean>;
  readonly isPrimary?: boolean;
  readonly onFailed?: () => void;
}

export function CopyButton({ label, copied, failed, copy, isPrimary, onFailed }: CopyButtonProps) {
  const outcome = useSignal("");
  const onClick = async () => {
    const isCopied = await copy().catch(() => false);
    outcome.value = isCopied ? copied : failed;
    if (!isCopied) onFailed?.();
  };
  return (
    <>
      <button type="button" class={isPrimary ? "button button-primary" : "button"} onClick={onClick}>
        {label}
      </button>
      {/* Not the page's status region: that one is inert while a dialog is open. */}
      <p class="copy-outcome" aria-live="polite">
        {outcome.value}
      </p>
    </>
  );
}
